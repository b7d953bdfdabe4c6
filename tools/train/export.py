"""From checkpoints to the files of the pack: averaged weights as binary16 .pth, then .snw with metadata.

Without --sentinode only the .pth are written, to WORK/export/. Every figure that goes into the metadata
comes from evaluate.py's --json file; without it the metadata say that nothing was measured.
"""
import argparse
import json
import os
import subprocess

import torch

import models

NOTICE = ("demonstration only: trained on public research images to outline the lesion and to tell benign from "
          "malignant; does not predict lymph node status; not for clinical use")
TRAINED_ON = ("BUSI (Al-Dhabyani, Gomaa, Khaled, Fahmy, Data in Brief 28:104863, 2020, doi 10.1016/j.dib.2019.104863) and "
              "BrEaST / Breast-Lesions-USG (Pawlowska et al., The Cancer Imaging Archive 2023, doi 10.7937/9WKK-Q141; "
              "Scientific Data 11:148, 2024)")
LICENCE = "training images: BrEaST CC BY 4.0; BUSI by its article CC BY 4.0, its page asks for citation; attribution as in trained_on"
SPLIT = "15 % of groups by seeded hash within class and source, tools/train/split.csv; no validation case was trained on"


def averaged(path):
    """(state dict in binary16 without training-only tensors, epochs done, epochs planned)."""
    saved = torch.load(path, map_location="cpu")
    out = {}
    for k, v in saved["ema"].items():
        if k.startswith("aux.") or k.endswith("num_batches_tracked"):
            continue
        h = v.to(torch.float16).contiguous()
        if not torch.isfinite(h).all():
            raise SystemExit("%s: %s leaves the range of binary16" % (path, k))
        if k.endswith("running_var") and (h <= 0).any():
            h = h.clamp(min=2.0 ** -24)  # the least binary16; eps dominates anyway
        out[k] = h
    return out, saved["state"]["epoch"], saved["state"]["epochs"]


def export(work, name):
    state, done, planned = averaged(os.path.join(work, name + ".ckpt"))
    folder = os.path.join(work, "export")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".pth")
    torch.save(state, path + ".tmp")
    os.replace(path + ".tmp", path)
    return path, done, planned


def load(work, name):
    """The network as the pack stores it: binary16 values, computing in float32."""
    network = name.split(".")[0]
    path, done, planned = export(work, name)
    net = models.build(network)
    net.load_state_dict({k: v.float() for k, v in torch.load(path).items()}, strict=False)
    return net.eval(), done, planned


def metadata(name, done, figures, planned=None):
    seg = name in models.SEGMENTERS
    m = {"name": name, "input_size": "%dx%d" % (models.INPUT, models.INPUT), "resize": "pillow-bilinear",
         "channel_order": "grey", "divide": "255", "mean": str(models.MEAN), "std": str(models.SD),
         "activation": "sigmoid" if seg else "softmax",
         "class_names": "lesion" if seg else "benign,malignant",
         "notice": NOTICE, "trained_on": TRAINED_ON, "licence": LICENCE, "split": SPLIT,
         "recipe": "tools/train, %d epochs%s, averaged weights of the last"
                   % (done, " of %d planned" % planned if planned and done < planned else ""),
         "figures": figures.get(name, "not measured")}
    if seg:
        m["threshold"] = "0.5"
    else:
        m["positive_class"] = "1"
    if name == "nested-unet":
        m["deep_supervision"] = "final4"
    return m


def convert(sentinode, pth, out, name, done, figures, planned=None):
    args = [sentinode, "convert", pth, out, "--family", models.NETWORKS[name][1]]
    for kv in metadata(name, done, figures, planned).items():
        args += ["--meta", "%s=%s" % kv]
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--work", required=True)
    ap.add_argument("--sentinode", help="the program: also writes .snw")
    ap.add_argument("--figures", help="evaluate.py's --json file")
    ap.add_argument("-o", "--out", help="folder of the .snw")
    ap.add_argument("--unfinished", action="store_true", help="also networks whose training has not ended")
    a = ap.parse_args()
    figures = {}
    if a.figures:
        with open(a.figures, encoding="utf-8") as f:
            figures = json.load(f)["statements"]
    total = 0
    for name in models.NETWORKS:
        if not os.path.exists(os.path.join(a.work, name + ".ckpt")):
            print("%-12s no checkpoint" % name)
            continue
        pth, done, planned = export(a.work, name)
        line = "%-12s %d of %d epochs, %d bytes" % (name, done, planned, os.path.getsize(pth))
        if a.sentinode and (done >= planned or a.unfinished):
            out = os.path.join(a.out, name + ".snw")
            convert(a.sentinode, pth, out, name, done, figures, planned)
            total += os.path.getsize(out)
            line += ", .snw %d bytes" % os.path.getsize(out)
        print(line)
    if total:
        print("all .snw: %d bytes" % total)


if __name__ == "__main__":
    main()
