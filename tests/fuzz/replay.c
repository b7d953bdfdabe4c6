/* replay.c: runs a fuzz target over the files of its corpus, for plain `make check`. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *buf = NULL;
    size_t n = 0;

    if (!f || fseek(f, 0, SEEK_END) != 0)
        return 1;
    n = (size_t)ftell(f);
    rewind(f);
    buf = malloc(n ? n : 1); /* exact size, so that a sanitizer sees an overread */
    if (!buf || fread(buf, 1, n, f) != n)
        return 1;
    (void)LLVMFuzzerTestOneInput(buf, n);
    free(buf);
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    unsigned files = 0;

    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        struct dirent *e;
        char path[2048];

        while (d && (e = readdir(d)) != NULL) {
            if (e->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (replay(path) != 0) {
                (void)fprintf(stderr, "%s: cannot replay\n", path);
                return 1;
            }
            files++;
        }
        if (d)
            (void)closedir(d);
    }
    if (files == 0) {
        (void)fprintf(stderr, "no corpus file replayed\n");
        return 1;
    }
    (void)printf("replayed %u files\n", files);
    return 0;
}
