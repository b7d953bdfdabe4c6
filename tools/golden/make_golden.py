#!/usr/bin/env python3
"""Writes tests/golden/data: what PyTorch in double precision says each network computes.

    make_golden.py [--out DIR] [--only START]     generate
    make_golden.py --fill REPORT.csv              enter what check_golden measured into the manifest

No weights are stored: every parameter and buffer is a function of its name, its index and a seed
(tests/golden/README.md states the law and the file layouts; tests/golden/synth.c is the same in C).
"""
import argparse
import csv
import os
import struct
import sys
import zlib

import numpy as np
import torch
import torchvision
from torch import nn
from torchvision.models.densenet import _DenseLayer
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models import segmentation

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import families as fam

TOLERANCE = 1e-4
MAX_COMPLETE = 32768   # logits stored completely up to here,
SAMPLED = 4096         # else this many pseudo-random positions
LAYER_SAMPLES = 16
COLUMNS = "name family architecture builder size seed torch torchvision torch_f32_error tolerance".split()
ACHIEVED = "achieved_isa achieved_error achieved_layer_error achieved_fp64_error".split()
UNUSED = ("aux_classifier.", "final1", "final2", "final3")  # heads that the compared output does not need

# ---- the law -------------------------------------------------------------------------------

GAMMA = np.uint64(0x9E3779B97F4A7C15)


def stream_of(seed, name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return seed ^ h


def splitmix(stream, n):
    """The first n outputs of splitmix64 started at `stream`."""
    with np.errstate(over="ignore"):
        z = np.uint64(stream) + GAMMA * np.arange(1, n + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def raw(seed, name, shape):
    """float32 in [-1, 1), multiples of 2^-23."""
    u = splitmix(stream_of(seed, name), int(np.prod(shape)))
    v = (u >> np.uint64(40)).astype(np.float64) * 2.0 ** -23 - 1.0
    return v.astype(np.float32).reshape(shape)


def scale_for(square, fan_in):
    return np.float32(np.sqrt(np.float64(square) / np.float64(fan_in)))


def fill(seed, kind, prefix, shape):
    """The tensors of one line of a .net file, by name."""
    f = np.float32
    u = lambda leaf, dims: raw(seed, prefix + "." + leaf, dims)
    if kind in ("bn", "bnres"):
        weight = f(1) + f(0.2) * u("weight", shape)
        if kind == "bnres":
            weight = weight * f(0.3)
        return {"weight": weight, "bias": f(0.1) * u("bias", shape),
                "running_mean": f(0.2) * u("running_mean", shape),
                "running_var": f(1) + f(0.5) * u("running_var", shape)}
    if kind in ("conv", "convb"):
        out, scale = shape[0], scale_for(6, shape[1] * shape[2] * shape[3])
    elif kind == "deconvb":  # [in, out, 2, 2], stride 2: one tap per output
        out, scale = shape[1], scale_for(6, shape[0])
    elif kind == "linearb":
        out, scale = shape[0], scale_for(3, shape[1])
    tensors = {"weight": scale * u("weight", shape)}
    if kind.endswith("b"):
        tensors["bias"] = f(0.1) * u("bias", (out,))
    return tensors


def last_norms(net):
    """Paths of the last BatchNorm of every residual block."""
    found = set()
    for path, module in net.named_modules():
        if isinstance(module, (BasicBlock, Bottleneck, fam.Residual)):
            found.add(path + (".bn3" if hasattr(module, "bn3") else ".bn2"))
    return found


def describe(net):
    """[(kind, path, shape)] of every module with tensors, in registration order."""
    rows, residual = [], last_norms(net)
    for path, m in net.named_modules():
        if isinstance(m, nn.BatchNorm2d):
            assert m.eps == 1e-5 and m.affine and m.track_running_stats
            rows.append(("bnres" if path in residual else "bn", path, (m.num_features,)))
        elif isinstance(m, nn.Conv2d):
            assert m.groups == 1
            rows.append(("convb" if m.bias is not None else "conv", path, tuple(m.weight.shape)))
        elif isinstance(m, nn.ConvTranspose2d):
            assert m.kernel_size == (2, 2) and m.stride == (2, 2) and m.bias is not None
            rows.append(("deconvb", path, tuple(m.weight.shape)))
        elif isinstance(m, nn.Linear):
            rows.append(("linearb", path, tuple(m.weight.shape)))
        else:
            assert not m._parameters and not m._buffers, path
    return rows


def load(net, rows, seed):
    state = net.state_dict()
    left = {k for k in state if not k.endswith("num_batches_tracked")}
    for kind, path, shape in rows:
        for leaf, value in fill(seed, kind, path, shape).items():
            assert value.dtype == np.float32
            state[path + "." + leaf].copy_(torch.from_numpy(value))  # widened exactly when double
            left.remove(path + "." + leaf)
    assert not left, left


# ---- recording -----------------------------------------------------------------------------

class Recorder:
    """Forward hooks that keep max |x| and a few samples of each step's output.

    A step is named as sentinode's plan names it: a convolution, linear layer or BatchNorm by its
    path (one that feeds a BatchNorm is one step with it, under the BatchNorm's name), the others
    after what they get: X.relu, X.add.relu, X.pool, X.up. Names travel as an attribute of the tensor.
    A convolution with an average pooling behind it is one step: which of the two is first is left open.
    """

    def __init__(self, net, seed):
        self.seed, self.layers, self.positive, self.total = seed, [], 0, 0
        self.last_conv = None
        self.handles = [m.register_forward_hook(self.hook(path)) for path, m in net.named_modules()]

    def hook(self, path):
        def run(m, inputs, out):
            came = getattr(inputs[0], "step", "")
            if isinstance(m, nn.BatchNorm2d):
                if self.last_conv is not None and self.last_conv is inputs[0]:
                    self.layers.pop()
                self.keep(path, out)
                self.positive += int((out > 0).sum())
                self.total += out.numel()
            elif isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                self.keep(path, out)
                self.last_conv = out
                return
            elif isinstance(m, nn.ReLU):
                out.step = came + ".relu"
            elif isinstance(m, nn.MaxPool2d):
                self.keep(came + ".pool", out)
            elif isinstance(m, nn.AvgPool2d):  # DenseNet's transitions: sentinode averages before the convolution
                assert self.layers.pop()[0] == came
                self.keep(came, out)
            elif isinstance(m, nn.AdaptiveAvgPool2d):
                self.keep("global_avgpool", out)
            elif isinstance(m, nn.Upsample):
                self.keep(came + ".up", out)
            elif isinstance(m, (BasicBlock, Bottleneck, fam.Residual)):
                self.keep(path + (".bn3" if hasattr(m, "bn3") else ".bn2") + ".add.relu", out)
            self.last_conv = None
        return run

    def keep(self, name, out):
        out.step = name
        if name.startswith(UNUSED):
            self.layers.append(None)
            return
        assert name[0] != "." and all(l is None or l[0] != name for l in self.layers), name
        flat = out.detach().reshape(-1)
        n = flat.numel()
        at = (splitmix(stream_of(self.seed, name), min(n, LAYER_SAMPLES)) % np.uint64(n)).astype(np.int64)
        dims = tuple(out.shape[1:]) + (1,) * (4 - out.dim())
        self.layers.append((name, dims, float(flat.abs().max()), flat[torch.from_numpy(at)].numpy()))


def gold_bytes(seed, channels, size, layers, logits):
    """Layout: tests/golden/README.md."""
    flat = logits.reshape(-1)
    if flat.size <= MAX_COMPLETE:
        stored = flat
    else:
        at = splitmix(stream_of(seed, "logits"), SAMPLED) % np.uint64(flat.size)
        stored = flat[at.astype(np.int64)]
    dims = logits.shape + (1,) * (3 - logits.ndim)
    body = b"SNGOLD1\n" + struct.pack("<Q6IIId", seed, channels, size[0], size[1], *dims,
                                      len(layers), stored.size, float(np.abs(flat).max()))
    body += stored.astype("<f4").tobytes()
    for name, shape, peak, samples in layers:
        body += struct.pack("<B", len(name)) + name.encode()
        body += struct.pack("<3If", *shape, peak) + samples.astype("<f4").tobytes()
    return body + struct.pack("<I", zlib.crc32(body))


def logits_of(net, x):
    with torch.no_grad():
        y = net(x)
    if isinstance(y, dict):
        y = y["out"]
    return y[0].numpy()


# ---- the networks --------------------------------------------------------------------------

def plain(builder):
    return lambda: builder(weights=None)


def deeplab(builder, classes):
    return lambda: builder(weights=None, weights_backbone=None, num_classes=classes, aux_loss=True)


SEG = [(256, 256), (97, 131)]
NESTED = [(256, 256), (112, 144)]
models = torchvision.models
NARROW = dict(in_channels=1, stem=20, mids=(12, 20, 36, 52), outs=(28, 50, 90, 130), depths=(3, 4, 6, 3))

# name, family, architecture, what built it, builder, input channels, sizes
NETWORKS = [
    ("resnet%d" % d, "torchvision", "resnet%d" % d, "resnet%d()" % d,
     plain(getattr(models, "resnet%d" % d)), 3, [(224, 224)]) for d in (18, 34, 50, 101, 152)
] + [
    ("densenet%d" % d, "torchvision", "densenet%d" % d, "densenet%d()" % d,
     plain(getattr(models, "densenet%d" % d)), 3, [(224, 224)]) for d in (121, 169, 201, 161)
] + [
    ("deeplabv3_resnet50", "torchvision", "deeplabv3_resnet50",
     "deeplabv3_resnet50(num_classes=1; aux_loss=True)", deeplab(segmentation.deeplabv3_resnet50, 1), 3, SEG),
    ("deeplabv3_resnet101", "torchvision", "deeplabv3_resnet101",
     "deeplabv3_resnet101(num_classes=21; aux_loss=True)", deeplab(segmentation.deeplabv3_resnet101, 21), 3, SEG),
    ("unet", "milesial", "unet", "UNet(3; 2)", lambda: fam.UNet(3, 2), 3, SEG),
    ("unet_bilinear", "milesial", "unet", "UNet(3; 2; bilinear)", lambda: fam.UNet(3, 2, bilinear=True), 3, SEG),
    ("nested_unet", "nested-unet", "unetpp", "NestedUNet(1)", lambda: fam.NestedUNet(1), 3, NESTED),
    ("nested_unet_ds", "nested-unet", "unetpp", "NestedUNet(1; deep_supervision)",
     lambda: fam.NestedUNet(1, deep_supervision=True), 3, NESTED),
    # narrow: every channel count an awkward one, for the slow twins and for double precision
    ("narrow_resnet18", "torchvision", "resnet18", "NarrowResNet(basic; 10-24-36-50)",
     lambda: fam.NarrowResNet(1, 10, None, (10, 24, 36, 50), (2, 2, 2, 2), num_classes=3), 1, [(65, 49)]),
    ("narrow_resnet50", "torchvision", "resnet50", "NarrowResNet(bottleneck; 28-50-90-130)",
     lambda: fam.NarrowResNet(num_classes=5, **NARROW), 1, [(65, 49), (31, 94)]),
    ("narrow_resnet50_width24", "torchvision", "resnet50", "ResNet(Bottleneck; width_per_group=24)",
     lambda: ResNet(Bottleneck, [3, 4, 6, 3], num_classes=2, width_per_group=24), 3, [(47, 60)]),
    ("narrow_densenet121", "torchvision", "densenet121", "DenseNet(growth 12; init 20; bn_size 3)",
     lambda: fam.narrow_densenet(1, 12, 20, 3, 3), 1, [(65, 49), (96, 64)]),
    ("narrow_deeplabv3", "torchvision", "deeplabv3_resnet50", "NarrowDeepLab(28-50-90-130; aspp 20; 24)",
     lambda: fam.NarrowDeepLab(fam.NarrowResNet(dilated=True, **NARROW), 130, 20, 24, 2), 1, [(57, 73), (128, 88)]),
    ("narrow_unet", "milesial", "unet", "UNet(1; 3; base 12)", lambda: fam.UNet(1, 3, base=12), 1, [(53, 38), (64, 48)]),
    ("narrow_unet_bilinear", "milesial", "unet", "UNet(1; 1; bilinear; base 10; conv biases)",
     lambda: fam.UNet(1, 1, bilinear=True, base=10, bias=True), 1, [(37, 50)]),
    ("narrow_nested_unet", "nested-unet", "unetpp", "NestedUNet(2; 1; filters 8-20-33-40-48)",
     lambda: fam.NestedUNet(2, 1, filters=(8, 20, 33, 40, 48)), 1, [(48, 80)]),
    ("narrow_nested_unet_ds", "nested-unet", "unetpp", "NestedUNet(1; 3; deep_supervision; filters 8-20-33-40-48)",
     lambda: fam.NestedUNet(1, 3, deep_supervision=True, filters=(8, 20, 33, 40, 48)), 3, [(32, 48)]),
    ("narrow_nested_unet_mean", "nested-unet", "unetpp",
     "NestedUNet(2; 1; deep_supervision; mean of heads; filters 8-20-33-40-48)",
     lambda: fam.NestedUNet(2, 1, deep_supervision=True, mean=True, filters=(8, 20, 33, 40, 48)), 1, [(64, 32)]),
]


def run_network(entry, seed, out):
    name, family, arch, args, build, channels, sizes = entry
    net = build().double().eval()
    rows = describe(net)
    load(net, rows, seed)
    with open(os.path.join(out, name + ".net"), "w", newline="\n") as f:
        f.write("%s %s %d\n" % (family, arch, seed))
        for kind, path, shape in rows:
            f.write(" ".join([kind, path] + [str(d) for d in shape]) + "\n")
    results = []
    for size in sizes:
        u = np.float32(2) * raw(seed, "input", (1, channels) + size)
        x = torch.from_numpy(u)
        recorder = Recorder(net, seed)
        want = logits_of(net, x.double())
        for handle in recorder.handles:
            handle.remove()
        layers = [l for l in recorder.layers if l is not None]
        results.append((size, x, want))
        with open(os.path.join(out, "%s_%dx%d.gold" % ((name,) + size)), "wb") as f:
            f.write(gold_bytes(seed, channels, size, layers, want))
        print("%-24s %3dx%-3d  %3d layers, peaks %.3g .. %.3g, logits max %.4g sd %.3g, BN positive %.2f" % (
            name, size[0], size[1], len(layers), min(l[2] for l in layers), max(l[2] for l in layers),
            np.abs(want).max(), want.std(), recorder.positive / max(1, recorder.total)), flush=True)
    net.float()
    load(net, rows, seed)
    table = []
    for size, x, want in results:
        err = np.abs(logits_of(net, x).astype(np.float64) - want).max() / np.abs(want).max()
        table.append([name, family, arch, args, "%dx%d" % size, seed, torch.__version__,
                      torchvision.__version__, "%.2e" % err, "%.0e" % TOLERANCE] + [""] * len(ACHIEVED))
    return table


def write_manifest(out, table):
    with open(os.path.join(out, "manifest.csv"), "w", newline="\n") as f:
        rows = csv.writer(f, lineterminator="\n")
        rows.writerow(COLUMNS + ACHIEVED)
        rows.writerows(table)


def fill_manifest(out, report):
    """SN_GOLDEN_REPORT's rows: name, size, variant, instruction set or fp64, layer error, logit error."""
    with open(os.path.join(out, "manifest.csv"), newline="") as f:
        table = [row[:len(COLUMNS)] + [""] * len(ACHIEVED) for row in list(csv.reader(f))[1:]]
    at = len(COLUMNS)
    with open(report, newline="") as f:
        for name, size, variant, precision, layers, logits in csv.reader(f):
            if variant == "old keys":
                continue  # the same network under other names
            for row in table:
                if (row[0], row[COLUMNS.index("size")]) != (name, size):
                    continue
                if precision == "fp64":
                    row[at + 3] = logits
                else:
                    row[at:at + 3] = [precision, logits, layers]
    write_manifest(out, table)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=os.path.join(here, "..", "..", "tests", "golden", "data"))
    parser.add_argument("--only", default="", help="networks whose name starts with this; no manifest then")
    parser.add_argument("--fill", metavar="REPORT.csv")
    options = parser.parse_args()
    if options.fill:
        return fill_manifest(options.out, options.fill)
    torch.set_num_threads(2)
    os.makedirs(options.out, exist_ok=True)
    table = []
    for number, entry in enumerate(NETWORKS):
        if entry[0].startswith(options.only):
            table += run_network(entry, 1000 + number, options.out)
    if not options.only:
        write_manifest(options.out, table)


if __name__ == "__main__":
    main()
