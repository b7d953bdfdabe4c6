#!/usr/bin/env python3
"""Writes the small checkpoints of tests/unit/data/ckpt and the two tables that say what they hold.

Needs PyTorch (made with 1.13.1) and NumPy; only the test data's author runs it. Legacy files name
their storages by memory address, so a second run gives other bytes of the same meaning.

good.csv  file,options,container,path,name,dtype,shape,sha256_16 (of the contiguous little-endian values)
bad.csv   file,text: the import must fail and its message must hold the text
"""
import argparse, collections, csv, hashlib, io, json, os, pickle, struct, sys, tarfile, zipfile
import numpy as np
import torch

OUT = sys.argv[1] if len(sys.argv) > 1 else "tests/unit/data/ckpt"
os.makedirs(OUT, exist_ok=True)
good, bad = [], []
torch.manual_seed(20250828)


def values(t):
    t = t.detach().contiguous()
    if t.dtype == torch.bfloat16:
        return t.view(torch.int16).numpy().tobytes()
    return t.numpy().tobytes()


def row(file, container, path, name, t, options=""):
    good.append([file, options, container, path, name or "", str(t.dtype).replace("torch.", ""),
                 "x".join(map(str, t.shape)), hashlib.sha256(values(t)).hexdigest()[:16]])


def put(name, data):
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


def save(name, obj, zipped=True, **kw):
    torch.save(obj, os.path.join(OUT, name), _use_new_zipfile_serialization=zipped, **kw)


# ---- good ones ---------------------------------------------------------------------------------

def basic():
    m = torch.nn.Sequential(collections.OrderedDict(
        conv=torch.nn.Conv2d(2, 3, 3), bn=torch.nn.BatchNorm2d(3), fc=torch.nn.Linear(3, 2)))
    m.bn.running_mean.normal_()
    return m


def plain(file, container, **kw):
    sd = basic().state_dict()
    save(file, sd, **kw)
    for k, t in sd.items():
        row(file, container, k, k if t.is_floating_point() else None, t)


plain("zip_basic.pth", "zip")
plain("zip_protocol4.pth", "zip", pickle_protocol=4)
plain("legacy_basic.pth", "legacy", zipped=False)
for z, file in ((True, "zip_strided.pth"), (False, "legacy_strided.pth")):
    base = torch.randn(60)
    sd = collections.OrderedDict(
        channels_last=torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last),
        transposed=torch.randn(3, 5).t(), slice=base[7:19].view(3, 4), step=base[1::7],
        same_storage=base[20:60].view(2, 4, 5), permuted=base[20:44].view(2, 3, 4).permute(2, 0, 1),
        expanded=torch.randn(1, 3, 1).expand(2, 3, 2), scalar=torch.tensor(1.5), empty=torch.zeros(0, 3))
    save(file, sd, zipped=z)
    for k, t in sd.items():
        row(file, "zip" if z else "legacy", k, k, t)
sd = {"p": torch.nn.Parameter(torch.randn(2, 3)), "q": torch.nn.Parameter(torch.randn(4), requires_grad=False)}
for z, file in ((True, "zip_parameter.pth"), (False, "legacy_parameter.pth")):
    save(file, sd, zipped=z)
    for k, t in sd.items():
        row(file, "zip" if z else "legacy", k, k, t)
special = [0.0, -0.0, 1.0, -2.5, float("inf"), float("nan"), 6e-8, 65504.0]
for z, file in ((True, "zip_dtypes.pth"), (False, "legacy_dtypes.pth")):
    sd = {str(d).replace("torch.", ""): torch.tensor(special).to(d) for d in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    sd.update({str(d).replace("torch.", ""): torch.arange(-2, 3).to(d) for d in
               (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64)})
    save(file, sd, zipped=z)
    for k, t in sd.items():
        row(file, "zip" if z else "legacy", k, k if t.is_floating_point() else None, t)

m = torch.nn.DataParallel(basic())
opt = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)
sum((p * p).sum() for p in m.parameters()).backward()
opt.step()
file = "zip_training.pth"
ck = {"epoch": 3, "state_dict": m.state_dict(), "optimizer": opt.state_dict(), "best": np.float64(0.77),
      "args": argparse.Namespace(lr=0.1, name="x"), "hist": np.arange(3), "seen": {1, 2},
      "scheduler": collections.Counter([5, 6]), "lists": collections.defaultdict(list, a=[1])}
save(file, ck)
for k, t in ck["state_dict"].items():
    row(file, "zip", "state_dict." + k, k[7:] if t.is_floating_point() else None, t)
for i, s in ck["optimizer"]["state"].items():
    row(file, "zip", f"optimizer.state.{i}.momentum_buffer", None, s["momentum_buffer"])
file = "zip_compiled.pth"
save(file, {"model": {"_orig_mod.module." + k: t for k, t in basic().state_dict().items()}})
for k, t in torch.load(os.path.join(OUT, file))["model"].items():
    row(file, "zip", "model." + k, k[17:] if t.is_floating_point() else None, t)
file = "zip_lightning.pth"
sd = {"model.a.weight": torch.randn(2), "model.b": torch.randn(1)}
save(file, {"state_dict": sd, "global_step": 1})
for k, t in sd.items():
    row(file, "zip", "state_dict." + k, k[6:], t)
file = "zip_sequential_model.pth"  # "model." is the network's own here: numbers follow
sd = {"model.0.weight": torch.randn(2), "model.2.weight": torch.randn(1)}
save(file, sd)
for k, t in sd.items():
    row(file, "zip", k, k, t)
file = "zip_module.pth"
m = torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(1, 2, 1), bn=torch.nn.BatchNorm2d(2)))
save(file, m)
for k, t in m.state_dict().items():
    row(file, "zip", k, k if t.is_floating_point() else None, t, "whole-module")
bad.append([file, "--whole-module"])


# ---- pickles by hand: what a real pickler will not write -----------------------------------------

def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def glob(mod, name):
    return f"c{mod}\n{name}\n".encode()


def integer(i):
    return b"K" + bytes([i]) if 0 <= i < 256 else b"\x8a\x09" + i.to_bytes(9, "little", signed=True) if abs(i) >= 2**62 \
        else b"\x8a\x08" + i.to_bytes(8, "little", signed=True)


def tup(*items):
    return b"(" + b"".join(items) + b"t"


def storage(key="0", count=4, view=None, kind="FloatStorage"):
    return tup(text("storage"), glob("torch", kind), text(key), text("cpu"), integer(count), *([] if view is None else [view])) + b"Q"


def tensor(st, offset=0, size=(4,), stride=(1,)):
    return glob("torch._utils", "_rebuild_tensor_v2") + tup(
        st, integer(offset), tup(*map(integer, size)), tup(*map(integer, stride)), b"\x89",
        glob("collections", "OrderedDict") + b")R") + b"R"


def dictionary(*pairs):
    return b"}(" + b"".join(text(k) + v for k, v in pairs) + b"u"


def pkl(body):
    return b"\x80\x02" + body + b"."


def zipped(entries, method=zipfile.ZIP_STORED):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        for name, data in entries:
            z.writestr(zipfile.ZipInfo(name), data, method)
    return b.getvalue()


DATA = struct.pack("<4f", 1.0, -2.0, 0.5, 4.0)


def checkpoint(body, *more):
    return zipped([("a/data.pkl", pkl(body)), ("a/data/0", DATA), ("a/version", b"3\n"), *more])


OK = dictionary(("w", tensor(storage())))


def legacy(obj, keys, data):
    info = dictionary(("protocol_version", b"M\xe9\x03"), ("little_endian", b"\x88"))
    return (pkl(b"\x8a\x0a" + (0x1950a86a20f9469cfc6c).to_bytes(10, "little")) + pkl(b"M\xe9\x03") + pkl(info) + pkl(obj) +
            pkl(b"](" + b"".join(map(text, keys)) + b"e") + data)


t4 = torch.tensor([1.0, -2.0, 0.5, 4.0])
put("hand_zip.pth", checkpoint(OK))
row("hand_zip.pth", "zip", "w", "w", t4)
view = tup(text("v1"), integer(1), integer(2))
put("hand_legacy_view.pth", legacy(
    dictionary(("all", tensor(storage("9", 4, b"N"))), ("part", tensor(storage("9", 4, view), 1, (1,)))),
    ["9"], struct.pack("<q", 4) + DATA))
row("hand_legacy_view.pth", "legacy", "all", "all", t4)
row("hand_legacy_view.pth", "legacy", "part", "part", t4[2:3])
put("hand_mentions.pth", checkpoint(dictionary(("w", tensor(storage())), ("loss", glob("os", "system")))))
row("hand_mentions.pth", "zip", "w", "w", t4)


def refuse(file, data, why):
    put(file, data)
    bad.append([file, why])


def calls(file, expr, why):
    refuse(file, checkpoint(dictionary(("w", tensor(storage())), ("x", expr))), why)


run = tup(text("true"))
calls("bad_reduce.pth", glob("posix", "system") + run + b"R", "posix.system")
calls("bad_newobj.pth", glob("subprocess", "Popen") + run + b"\x81", "subprocess.Popen")
calls("bad_newobj_ex.pth", glob("subprocess", "Popen") + run + b"}\x92", "subprocess.Popen")
calls("bad_inst.pth", b"(" + text("true") + b"iposix\nsystem\n", "opcode 0x69")
calls("bad_obj.pth", b"(" + glob("posix", "system") + text("true") + b"o", "opcode 0x6f")
calls("bad_build.pth", glob("torch.nn.modules", "Module") + b"}b", "torch.nn.modules.Module")
calls("bad_stack_global.pth", b"\x8c\x08builtins\x8c\x04eval\x93" + run + b"R", "builtins.eval")
calls("bad_nested_call.pth", glob("torch._tensor", "_rebuild_from_type_v2") + tup(glob("os", "system"), glob("torch", "Tensor"), run, b"}") + b"R", "os.system")
calls("bad_call_result.pth", glob("collections", "OrderedDict") + b")R)R", "no function")
calls("bad_storage_bytes.pth", glob("torch.storage", "_load_from_bytes") + run + b"R", "_load_from_bytes")
calls("bad_getattr.pth", glob("__builtin__", "getattr") + run + b"R", "__builtin__.getattr")
calls("bad_extension.pth", b"\x82\x01", "opcode 0x82")
calls("bad_text_protocol.pth", b"I1\n", "opcode 0x49")
calls("bad_no_mark.pth", b"Nt", "no mark")
calls("bad_memo.pth", b"h\x07", "memo slot 7")
calls("bad_memo_far.pth", b"Nr\xff\xff\xff\x7f", "memo slot")
calls("bad_set_key.pth", b"](" + text("a") + b"Nu", "no dictionary")
calls("bad_nesting.pth", b"]" + b"]" * 100 + b"a" * 100, "nested deeper")
calls("bad_marks.pth", b"(" * 5000, "nests deeper")
levels = b"".join(b"](" + (b"h" + bytes([max(i - 1, 0)])) * 20 * (i > 0) + b"eq" + bytes([i]) for i in range(12))
calls("bad_laughs.pth", b"](" + levels + b"e", "shared so often")  # 20^11 walks of one list
refuse("bad_bare_tensor.pth", checkpoint(tensor(storage())), "bare tensor")
refuse("bad_no_tensors.pth", checkpoint(dictionary(("epoch", b"K\x03"))), "no floating-point tensors")
refuse("bad_only_integers.pth", checkpoint(dictionary(("w", tensor(storage("0", 2, kind="LongStorage"), 0, (2,))))), "no floating-point tensors")
refuse("bad_outside.pth", checkpoint(dictionary(("w", tensor(storage(), 1)))), "outside its storage")
refuse("bad_stride.pth", checkpoint(dictionary(("w", tensor(storage(), 0, (2, 2), (2**61, 1))))), "outside its storage")
refuse("bad_negative.pth", checkpoint(dictionary(("w", tensor(storage(), 0, (-4,))))), "size and stride")
refuse("bad_huge.pth", checkpoint(dictionary(("w", tensor(storage(), 0, (2**40, 2**40), (0, 0))))), "")
refuse("bad_expanded.pth", checkpoint(dictionary(("w", tensor(storage(), 0, (2**20,), (0,))))), "four times")
refuse("bad_rank.pth", checkpoint(dictionary(("w", tensor(storage(), 0, (1,) * 9, (1,) * 9)))), "at most 8")
refuse("bad_count.pth", checkpoint(dictionary(("w", tensor(storage("0", 5))))), "needs 20")
refuse("bad_two_types.pth", checkpoint(dictionary(("w", tensor(storage())), ("v", tensor(storage(kind="IntStorage"))))), "otherwise than before")
refuse("bad_no_storage.pth", checkpoint(dictionary(("w", tensor(storage("7"))))), "data/7")
refuse("bad_storage_type.pth", checkpoint(dictionary(("w", tensor(storage(kind="QInt8Storage"))))), "type we do not read")
refuse("bad_twice.pth", checkpoint(dictionary(("w", tensor(storage())), ("w", tensor(storage())))), "occurs twice")
refuse("bad_two_dicts.pth", checkpoint(dictionary(("model", OK), ("model", dictionary(("v", tensor(storage())))))), "key")
refuse("bad_name.pth", checkpoint(dictionary(("w\x1b[31m", tensor(storage())))), "control character")
refuse("bad_trailing.pth", zipped([("a/data.pkl", pkl(OK) + b"x"), ("a/data/0", DATA)]), "after STOP")
refuse("bad_two_values.pth", zipped([("a/data.pkl", b"\x80\x02NN."), ("a/data/0", DATA)]), "2 values")
refuse("bad_no_stop.pth", zipped([("a/data.pkl", b"\x80\x02N"), ("a/data/0", DATA)]), "no STOP")
refuse("bad_big_endian.pth", checkpoint(OK, ("a/byteorder", b"big")), "byte order")
refuse("bad_script.pth", checkpoint(OK, ("a/constants.pkl", b"")), "TorchScript")
refuse("bad_two_folders.pth", checkpoint(OK, ("b/data.pkl", b"")), "one top folder")
refuse("bad_deflated.pth", zipped([("a/data.pkl", pkl(OK)), ("a/data/0", DATA)], zipfile.ZIP_DEFLATED), "compressed")
z = bytearray(checkpoint(OK))
z[z.index(DATA)] ^= 1
refuse("bad_crc.pth", bytes(z), "CRC-32")
z = bytearray(checkpoint(OK))
z[6] |= 1
z[z.index(b"PK\1\2") + 8] |= 1
refuse("bad_encrypted.pth", bytes(z), "encrypted")
z = bytearray(checkpoint(OK))
z[z.index(b"a/data.pkl")] ^= 1
refuse("bad_local_name.pth", bytes(z), "contradicts")
z = bytearray(zipped([("a/data.pkl", pkl(OK)), ("a/data/0", DATA), ("a/data/1", DATA)]))
z[z.rindex(b"a/data/1") + 7:z.rindex(b"a/data/1") + 8] = b"0"
z[z.index(b"a/data/1") + 7:z.index(b"a/data/1") + 8] = b"0"
refuse("bad_duplicate_entry.pth", bytes(z), "occurs twice")
refuse("bad_appended.pth", checkpoint(OK) + b"!", "zip")
refuse("bad_overlap.pth", bytes(z[:z.index(b"PK\1\2")]) + bytes(z[z.index(b"PK\1\2"):]).replace(
    struct.pack("<I", z.rindex(b"PK\3\4")), struct.pack("<I", 0)), "overlaps")
refuse("bad_empty.pth", zipped([]), "neither")
b = io.BytesIO()
np.savez(b, x=np.zeros(2, np.float32))
refuse("bad_arrays.npz", b.getvalue(), ".npz")
b = io.BytesIO()
with tarfile.open(fileobj=b, mode="w") as tar:
    tar.addfile(tarfile.TarInfo("pickle"), io.BytesIO())
refuse("bad_archive.tar", b.getvalue()[:1024], "tar archive")
refuse("bad_bare.pkl", pickle.dumps({"w": [1.0]}, 2), "bare pickle")
refuse("bad_nothing.bin", b"", "neither")
one = struct.pack("<q", 4) + DATA
w9 = dictionary(("w", tensor(storage("9", 4, b"N"))))
refuse("bad_legacy_cut.pth", legacy(w9, ["9"], one[:-1]), "remain")
refuse("bad_legacy_long.pth", legacy(w9, ["9"], one + b"x"), "after the last storage")
refuse("bad_legacy_key.pth", legacy(w9, ["8"], one), "not one the pickle names")
refuse("bad_legacy_twice.pth", legacy(w9, ["9", "9"], one + one), "listed twice")
refuse("bad_legacy_count.pth", legacy(w9, ["9"], struct.pack("<q", 5) + DATA), "the pickle says")
refuse("bad_legacy_missing.pth", legacy(w9, [], b""), "not in the file")
refuse("bad_legacy_view.pth", legacy(dictionary(("w", tensor(storage("9", 4, tup(text("v"), integer(3), integer(2))), 0, (1,)))),
                                     ["9"], one), "outside it")
refuse("bad_legacy_call.pth", legacy(dictionary(("w", glob("posix", "system") + run + b"R")), [], b""), "posix.system")


# ---- safetensors ---------------------------------------------------------------------------------

def st(header, data, pad=0):
    h = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    h += b" " * pad
    return struct.pack("<Q", len(h)) + h + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
head, blob, file = {"__metadata__": {"format": "pt", "note\n": "\u00e9\"\\"}}, b"", "all.safetensors"
for i, (d, n) in enumerate(names.items()):
    t = torch.tensor(special).to(d) if d.is_floating_point else torch.arange(-2, 4).view(2, 3).to(d)
    key = "module.t\u00fc/" + n
    head[key] = entry(n, list(t.shape), len(blob), len(blob) + len(values(t)))
    blob += values(t)
    row(file, "safetensors", key, key[7:] if t.is_floating_point() else None, t)
head["module.none"] = entry("F32", [0, 3], len(blob), len(blob))
row(file, "safetensors", "module.none", "none", torch.zeros(0, 3))
put(file, st(head, blob, pad=3))
W = entry("F32", [4], 0, 16)
cases = {
    "hole": (st({"w": entry("F32", [4], 4, 20)}, DATA + b"1234"), "overlap or leave a hole"),
    "overlap": (st({"w": W, "v": entry("F32", [4], 0, 16)}, DATA), "overlap or leave a hole"),
    "outside": (st({"w": W}, DATA[:-4]), "of 12 data bytes"),
    "trailing": (st({"w": W}, DATA + b"1"), "the tensors describe 16"),
    "span": (st({"w": entry("F32", [3], 0, 16)}, DATA), "its shape needs 12"),
    "backwards": (st({"w": entry("F32", [4], 16, 0)}, DATA), "its shape needs 16"),
    "huge": (st({"w": entry("F32", [2**33, 2**33], 0, 16)}, DATA), ""),
    "dtype": (st({"w": entry("F8_E4M3", [16], 0, 16)}, DATA), "F8_E4M3"),
    "twice": (st(b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}', DATA), "occurs twice"),
    "key": (st({"w": dict(W, extra=1)}, DATA), "unknown"),
    "lacks": (st({"w": {"dtype": "F32", "shape": [4]}}, DATA), "lacks"),
    "rank": (st({"w": entry("F32", [1] * 9, 0, 4)}, DATA[:4]), "dimensions"),
    "number": (st(b'{"w":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}', DATA), "expected"),
    "negative": (st(b'{"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}', DATA), "expected a number"),
    "zero": (st(b'{"w":{"dtype":"F32","shape":[04],"data_offsets":[0,16]}}', DATA), "leading zero"),
    "overflow": (st(b'{"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,16]}}', DATA), "too large"),
    "surrogate": (st(b'{"\\ud800":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', DATA), "surrogate"),
    "utf8": (st(b'{"\xff":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', DATA), "not UTF-8"),
    "metadata": (st(b'{"__metadata__":{"a":1},"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', DATA), "expected '\"'"),
    "after": (st(b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}x', DATA), "after the header"),
    "empty": (st(b"{}", b""), "no floating-point tensors"),
    "length": (struct.pack("<Q", 2**40) + b"{}", "header of 1099511627776"),
    "cut": (st({"w": W}, DATA)[:40], "header of"),
}
for k, (data, why) in cases.items():
    refuse(f"bad_{k}.safetensors", data, why)

for name, rows, head in (("good.csv", good, "file,options,container,path,name,dtype,shape,sha256_16"), ("bad.csv", bad, "file,text")):
    with open(os.path.join(OUT, name), "w", newline="") as f:
        f.write(head + "\n")
        w = csv.writer(f, lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None, escapechar=None)
        w.writerows(rows)
