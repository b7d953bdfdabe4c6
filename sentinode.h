/*
 * sentinode.h: the C API in one include. Link with libsentinode and libm.
 *
 *     struct sn_model m; struct sn_net *net;
 *     sn_model_open(&m, "resnet50.snw", SN_VERIFY_SHA256, &err);
 *     sn_net_create(&net, &m, 224, 224, &(struct sn_net_options){ .isa = SN_ISA_AUTO }, &err);
 *     sn_net_run(net, input, logits, &err);
 *
 * Research use only: nothing here is a medical device.
 */
#ifndef SENTINODE_H
#define SENTINODE_H

#include "base/base.h"
#include "fusion/fusion.h"
#include "io/io.h"
#include "nets/nets.h"
#include "stats/stats.h"
#include "weights/weights.h"

#endif
