/* eval_tables.h: the tables of report.html. */
#ifndef SN_TOOLS_EVAL_TABLES_H
#define SN_TOOLS_EVAL_TABLES_H

#include "tools/eval.h"

void sn_table_key(const struct sn_eval *e, struct sn_buf *b);
void sn_table_between(const struct sn_eval *e, struct sn_buf *b); /* sets, unpaired */
void sn_table_auc(const struct sn_eval *e, struct sn_buf *b);
void sn_table_calibration(const struct sn_eval *e, struct sn_buf *b);
void sn_table_net_benefit(const struct sn_eval *e, struct sn_buf *b);
void sn_table_operating(const struct sn_eval *e, struct sn_buf *b, enum sn_metric first, enum sn_metric last);
void sn_table_pairs(const struct sn_eval *e, struct sn_buf *b);
void sn_table_subgroups(const struct sn_eval *e, struct sn_buf *b);
void sn_table_readers(const struct sn_eval *e, struct sn_buf *b);
void sn_table_reclass(const struct sn_eval *e, struct sn_buf *b);

#endif
