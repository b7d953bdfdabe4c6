"""--precision i16 beside ONNX Runtime's int8, on the same weights and the same input: time and error, in turns, in one run.

    ORT_NODE_MODULES=FOLDER/node_modules python3 bench/peers/int8_peer.py ./sentinode MODEL.onnx MODEL.snw INPUT.npy [THREADS [ROUNDS [CALIBRATION.npy]]]

Needs numpy, torch, onnx, node and onnxruntime-node; the build and the tests never do. MODEL.onnx: the float graph of a convolutional network with
its BatchNorms folded, of fixed size, as PyTorch exports it; INPUT.npy: float32, N x C x H x W, of which the first is timed.

The int8 graph is made here. Activations: uint8, a scale and a zero point per tensor, from the range that the images of CALIBRATION.npy give it
(default: random ones, normal, as INPUT should be then), of all values (minmax) or but for one in ten thousand at either end (percentile). Weights of convolutions: int8,
symmetric, a scale per output channel; biases: int32. Transposed convolutions stay float, since ONNX Runtime has no int8 kernel for them.
Error: of the outputs, against the float graph computed in double; largest and root mean square, as shares of the largest output.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

RANDOM_IMAGES = 8
SECONDS = "2"
HERE = os.path.dirname(os.path.abspath(__file__))


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def folded(model):
    """The graph's weights by name, and its nodes without the arithmetic of shapes (pads that come to nothing are left out)."""
    known = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    nodes, same = [], {}
    compute = {
        "Constant": lambda x, a: numpy_helper.to_array(a["value"]),
        "ConstantOfShape": lambda x, a: np.full(x[0], numpy_helper.to_array(a["value"])[0] if "value" in a else np.float32(0)),
        "Concat": lambda x, a: np.concatenate(x, a["axis"]),
        "Reshape": lambda x, a: x[0].reshape(x[1]),
        "Transpose": lambda x, a: x[0].transpose(a.get("perm")),
        "Cast": lambda x, a: x[0].astype(helper.mapping.TENSOR_TYPE_TO_NP_TYPE[a["to"]]),
        "Slice": lambda x, a: cut(*x),
    }

    def cut(x, first, end, axes, steps):
        for f, e, axis, s in zip(first, end, axes, steps):
            low = None if s < 0 and e < -x.shape[axis] else int(e)
            x = x[(slice(None),) * int(axis) + (slice(int(f), low, int(s)),)]
        return x

    for n in model.graph.node:
        n.input[:] = [same.get(i, i) for i in n.input]
        if n.op_type in compute and all(i in known for i in n.input if i):
            known[n.output[0]] = compute[n.op_type]([known[i] for i in n.input if i], attributes(n))
        elif n.op_type == "Pad" and not known[n.input[1]].any():
            same[n.output[0]] = n.input[0]
        else:
            nodes.append(n)
    return known, nodes


def run(known, nodes, name, x, seen=None):
    """The last node's output for input x, in x's type; seen(name, values) is told every tensor."""
    value = {name: x}

    def weight(i):
        return torch.from_numpy(known[i].copy()).to(x.dtype)

    for n in nodes:
        a, t = attributes(n), [value[i] for i in n.input if i in value]
        rest = [weight(i) for i in n.input if i in known and known[i].dtype == np.float32]
        if n.op_type in ("Conv", "ConvTranspose"):
            f = F.conv2d if n.op_type == "Conv" else F.conv_transpose2d
            assert a["pads"][:2] == a["pads"][2:]
            y = f(t[0], rest[0], rest[1] if len(rest) > 1 else None, stride=a["strides"], padding=tuple(a["pads"][:2]),
                  dilation=tuple(a["dilations"]))
        elif n.op_type == "Relu":
            y = torch.relu(t[0])
        elif n.op_type == "MaxPool":
            y = F.max_pool2d(t[0], tuple(a["kernel_shape"]), tuple(a["strides"]), tuple(a["pads"][:2]))
        elif n.op_type == "Concat":
            y = torch.cat(t, a["axis"])
        elif n.op_type == "Add":
            y = t[0] + t[1]
        elif n.op_type == "Resize":
            assert a["mode"] == b"linear" and a["coordinate_transformation_mode"] == b"align_corners"
            y = F.interpolate(t[0], scale_factor=[float(s) for s in rest[-1][2:]], mode="bilinear", align_corners=True)
        else:
            sys.exit("no rule for " + n.op_type)
        value[n.output[0]] = y
        if seen:
            seen(n.output[0], y)
    return value[nodes[-1].output[0]]


def ranges(known, nodes, name, images, percentile):
    """[least, greatest] of every tensor."""
    found = {}

    def seen(tensor, y):
        y = y.flatten()
        if percentile:
            k = max(len(y) // 10000, 1)
            low, high = float(y.kthvalue(k).values), float(y.kthvalue(len(y) - k + 1).values)
        else:
            low, high = float(y.min()), float(y.max())
        old = found.get(tensor, (0.0, 0.0))
        found[tensor] = (min(old[0], low), max(old[1], high))

    for x in images.split(1):
        seen(name, x)
        run(known, nodes, name, x, seen)
    return found


def quantised(model, known, nodes, found, path):
    """The graph with QuantizeLinear and DequantizeLinear around its tensors, as ONNX Runtime's optimiser looks for them."""
    g = model.graph
    out, consts, renamed, params = [], [], {}, {}
    users = {}
    for n in nodes:
        for i in n.input:
            users.setdefault(i, []).append(n)

    def const(name, a):
        consts.append(numpy_helper.from_array(a, name))
        return name

    def quantise(t, like=None):
        if like:
            params[t] = params[like]
        else:
            low, high = found[t]
            scale = np.float32(max(high - low, 1e-6) / 255)
            params[t] = (const(t + "_s", scale), const(t + "_z", np.uint8(np.clip(np.rint(-low / scale), 0, 255))), scale)
        s, z, _ = params[t]
        out.append(helper.make_node("QuantizeLinear", [t, s, z], [t + "_q"]))
        out.append(helper.make_node("DequantizeLinear", [t + "_q", s, z], [t + "_dq"]))
        renamed[t] = t + "_dq"

    quantise(g.input[0].name)
    for n in nodes:
        source, name = list(n.input), n.output[0]
        if n.op_type == "Conv" and source[0] in params:
            w = known[source[1]]
            s = (np.maximum(np.abs(w).reshape(len(w), -1).max(1), 1e-12) / 127).astype(np.float32)
            q = np.clip(np.rint(w / s[:, None, None, None]), -127, 127).astype(np.int8)
            out.append(helper.make_node("DequantizeLinear", [const(name + "_wq", q), const(name + "_ws", s), const(name + "_wz", np.zeros(len(s), np.int8))],
                                        [name + "_w"], axis=0))
            n.input[1] = name + "_w"
            if len(source) > 2:
                step = s * params[source[0]][2]
                out.append(helper.make_node("DequantizeLinear", [const(name + "_bq", np.rint(known[source[2]] / step).astype(np.int32)),
                                                                 const(name + "_bs", step), const(name + "_bz", np.zeros(len(s), np.int32))],
                                            [name + "_b"], axis=0))
                n.input[2] = name + "_b"
        n.input[:] = [i if n.op_type == "Conv" and k > 0 else renamed.get(i, i) for k, i in enumerate(n.input)]
        out.append(n)
        relu_next = [u.op_type for u in users.get(name, [])] == ["Relu"] # these two become one
        if name != g.output[0].name and not relu_next:
            quantise(name, source[0] if n.op_type in ("MaxPool", "Resize") and source[0] in params else None)
    used = {i for n in out for i in n.input}
    consts += [numpy_helper.from_array(known[i], i) for i in used if i in known]
    del g.node[:]
    g.node.extend(out)
    del g.initializer[:]
    g.initializer.extend(consts)
    onnx.save(model, path)


def error(y, want):
    d = y.astype(np.float64).ravel() - want.ravel()
    return np.abs(d).max() / np.abs(want).max(), np.sqrt((d * d).mean()) / np.abs(want).max()


def main(program, graph, snw, given, threads="1", rounds="3", calibration=None):
    x = np.load(given)
    images = (torch.from_numpy(np.load(calibration)) if calibration else
              torch.randn((RANDOM_IMAGES, *x.shape[1:]), generator=torch.Generator().manual_seed(7000)))
    model = onnx.load(graph)
    known, nodes = folded(model)
    name = model.graph.input[0].name
    want = np.concatenate([run(known, nodes, name, i).numpy() for i in torch.from_numpy(x).double().split(1)])
    with tempfile.TemporaryDirectory() as folder:
        at = lambda n: os.path.join(folder, n)
        x.tofile(at("in.f32"))
        np.save(at("first.npy"), x[:1])
        for kind in ("minmax", "percentile"):
            m = onnx.load(graph)
            known, nodes = folded(m)
            quantised(m, known, nodes, ranges(known, nodes, name, images, kind == "percentile"), at(kind + ".onnx"))
        times = {}
        for _ in range(int(rounds)):
            for kind in ("minmax", "percentile"):
                r = subprocess.run(["node", os.path.join(HERE, "int8_ort.js"), at(kind + ".onnx"), at("in.f32"), at(kind + ".f32"),
                                    *map(str, x.shape[1:]), threads, SECONDS], check=True, capture_output=True, text=True)
                times.setdefault(kind, []).append([float(v) for v in r.stdout.split()])
            r = subprocess.run([program, "bench", snw, "--input", at("first.npy"), "--threads", threads, "--precision", "i16", "--seconds", SECONDS],
                               check=True, capture_output=True, text=True)
            times.setdefault("i16", []).append([float(v) for v in re.search(r"further +([\d.]+) ms least, +([\d.]+) ms median", r.stdout).groups()])
        subprocess.run([program, "infer", snw, given, "-o", at("i16.npy"), "--precision", "i16", "--quiet"], check=True)
        for kind in times:
            y = np.load(at("i16.npy")) if kind == "i16" else np.fromfile(at(kind + ".f32"), np.float32)
            print("%-10s %s thread%s: median %.1f ms, least %.1f; error %.2e largest, %.2e rms" % (
                "i16" if kind == "i16" else "int8 " + kind, threads, "" if threads == "1" else "s", statistics.median(t[1] for t in times[kind]),
                min(t[0] for t in times[kind]), *error(y, want)))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
