/* main.c: the command line's front door; sn_main (cli.c) does the work, so that tests can call it. */
#include "tools/cli.h"

int main(int argc, char **argv)
{
    return sn_main(argc, argv);
}
