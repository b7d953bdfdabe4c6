"""Train one of the six networks. Every epoch leaves a checkpoint in --work; starting again goes on from it.

The random numbers of an epoch depend on (seed, epoch) only, so an interrupted run ends where an
uninterrupted one does. No epoch is chosen by its validation figure: the answer is the last epoch's
averaged (EMA) weights.
"""
import argparse
import csv
import math
import os
import struct
import random
import time
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import augment
import data
import models

BATCH = 16
WARMUP = 5          # epochs
EMA = 0.995         # per step: about the last six epochs
WEIGHT_DECAY = 0.02
SEED = 7


# ---- segmentation ------------------------------------------------------------------------------

class Segmentation:
    """Whole pictures squeezed to a square; normals are negatives (empty masks)."""

    STORE = 2 * models.INPUT  # warped at double size, then averaged down

    def __init__(self, train, validation):
        self.x = torch.from_numpy(np.stack([self._image(c, self.STORE) for c in train]))
        self.y = torch.from_numpy(np.stack([self._mask(c, self.STORE) for c in train]))
        self.steps = len(train) // BATCH
        lesions = [c for c in validation if c.label is not None]
        self.vx = torch.from_numpy(np.stack([self._image(c, models.INPUT) for c in lesions]))
        self.vy = torch.from_numpy(np.stack([self._mask(c, models.INPUT) for c in lesions]))

    @staticmethod
    def _image(case, size):
        return np.asarray(data.read_grey(case.image).resize((size, size), Image.BILINEAR), np.uint8)[None]

    @staticmethod
    def _mask(case, size):
        im = Image.fromarray(data.read_mask(case) * 255)
        return np.asarray(im.resize((size, size), Image.BILINEAR), np.uint8)[None]

    def batches(self):
        order = torch.randperm(len(self.x))
        for k in range(self.steps):
            pick = order[k * BATCH:(k + 1) * BATCH]
            both = torch.cat((self.x[pick], self.y[pick]), 1).float()
            grid = augment.warp_grid(BATCH, self.STORE, 15, 1.35, 1.15, 0.15, 0.02)
            both = augment.warp(both, grid, models.INPUT)
            yield augment.intensity(both[:, :1]), both[:, 1:] / 255

    def loss(self, net, x, y):
        maps = net(x)
        maps = [m.float() for m in (maps if isinstance(maps, list) else [maps])]
        return sum(mask_loss(m, y) for m in maps) / len(maps)

    def validate(self, net):
        dice = []
        for i in range(0, len(self.vx), 32):
            p = net(models.normalise(self.vx[i:i + 32])).float() >= 0
            t = self.vy[i:i + 32] > 127
            dice.append(2 * (p & t).sum((1, 2, 3)) / (p.sum((1, 2, 3)) + t.sum((1, 2, 3))))
        dice = torch.cat(dice)
        return {"val_dice": float(dice.mean()), "val_dice_median": float(dice.median())}


def mask_loss(logits, y):
    """Binary cross-entropy plus soft Dice (the latter of pictures with lesion only)."""
    bce = F.binary_cross_entropy_with_logits(logits, y)
    p = torch.sigmoid(logits)
    some = y.sum((1, 2, 3)) > 0
    dice = 1 - (2 * (p * y).sum((1, 2, 3)) + 1) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + 1)
    return bce + (dice * some).sum() / some.sum().clamp(min=1)


# ---- classification ----------------------------------------------------------------------------

class Classification:
    """Crops around the manual mask, the box jittered so that an automatic one will do.

    The reduced BUSI copies are all benign or normal, so sharpness would give the class away. Each
    sample therefore first draws a resolution (as published, or reduced like the copies), then the
    class with even odds among the cases that exist at that resolution.
    """

    AUX = 16  # side of the auxiliary mask

    def __init__(self, train, validation):
        self.pool = {}
        for c in train:
            if c.label is None:
                continue
            full, mask = data.read_grey(c.image), Image.fromarray(data.clean(data.read_mask(c)))
            small = data.reduced(full)
            self._add(1, c.label, small, mask.resize(small.size, Image.NEAREST))
            if c.source != "busi_small":
                self._add(0, c.label, full, mask)
        self.steps = sum(c.label is not None for c in train) // BATCH
        self.vx, self.vy = [], []
        for c in validation:
            if c.label is not None:
                im, box = data.read_grey(c.image), data.tight_box(data.clean(data.read_mask(c)))
                self.vx.append(data.crop(im, data.crop_box(box, *im.size), models.INPUT)[None])
                self.vy.append(c.label)
        self.vx, self.vy = torch.from_numpy(np.stack(self.vx)), torch.tensor(self.vy)

    def _add(self, state, label, im, mask):
        self.pool.setdefault((state, label), []).append((im, mask, data.tight_box(np.asarray(mask))))

    @staticmethod
    def _jitter(box, w, h):
        x, y, bw, bh = box
        sx, sy = (math.exp(random.uniform(-0.2, 0.25)) for _ in range(2))
        cx = x + bw * (0.5 + random.uniform(-0.1, 0.1))
        cy = y + bh * (0.5 + random.uniform(-0.1, 0.1))
        x0, y0 = max(0, round(cx - bw * sx / 2)), max(0, round(cy - bh * sy / 2))
        x1, y1 = min(w, round(cx + bw * sx / 2)), min(h, round(cy + bh * sy / 2))
        return x0, y0, max(4, x1 - x0), max(4, y1 - y0)

    def _draw(self, label):
        im, mask, box = random.choice(self.pool[random.randrange(2), label])
        box = data.crop_box(self._jitter(box, *im.size), *im.size, margin=data.MARGIN + random.uniform(-0.05, 0.1))
        x, y, w, h = box
        part = mask.crop((x, y, x + w, y + h)).resize((models.INPUT, models.INPUT), Image.NEAREST)
        return np.stack((data.crop(im, box, models.INPUT), np.asarray(part) * np.uint8(255)))

    def batches(self):
        for _ in range(self.steps):
            label = torch.tensor([0, 1] * (BATCH // 2))
            both = torch.from_numpy(np.stack([self._draw(int(v)) for v in label])).float()
            both = augment.warp(both, augment.warp_grid(BATCH, models.INPUT, 12, 1.05, 1.08, 0.04, 0.015), models.INPUT)
            mask = F.adaptive_avg_pool2d(both[:, 1:], self.AUX) / 255
            yield augment.intensity(both[:, :1]), (label, mask)

    def loss(self, net, x, y):
        """Cross-entropy, and as a help for so few cases the lesion's mask from the last feature map."""
        label, mask = y
        f = models.feature_map(net.kind, net, x)
        logits = models.classify_features(net.kind, net, F.dropout(f, 0.2))
        outline = F.pixel_shuffle(net.aux(f), 4)
        return (F.cross_entropy(logits.float(), label, label_smoothing=0.05)
                + 0.5 * F.binary_cross_entropy_with_logits(outline.float(), mask))

    def validate(self, net):
        s = torch.cat([net(models.normalise(b)).float() for b in self.vx.split(32)])
        s = s[:, 1] - s[:, 0]
        d = s[self.vy == 1][:, None] - s[self.vy == 0][None]
        return {"val_auc": float(((d > 0).float() + 0.5 * (d == 0).float()).mean()),
                "val_accuracy": float(((s > 0) == (self.vy == 1)).float().mean())}


# ---- the loop ----------------------------------------------------------------------------------

def optimiser(net, lr):
    """AdamW; no decay on biases and normalisation."""
    flat = [p for p in net.parameters() if p.ndim <= 1]
    deep = [p for p in net.parameters() if p.ndim > 1]
    return torch.optim.AdamW([{"params": deep, "weight_decay": WEIGHT_DECAY},
                              {"params": flat, "weight_decay": 0.0}], lr=lr)


def learning_rate(top, epoch, epochs, step, steps):
    t = epoch + step / steps
    if t < WARMUP:
        return top * (t + 0.05) / WARMUP
    return top * 0.5 * (1 + math.cos(math.pi * (t - WARMUP) / max(1, epochs - WARMUP))) + 1e-6


def update_average(ema, net, step):
    d = min(EMA, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, b in zip(ema.state_dict().values(), net.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(d).add_(b, alpha=1 - d)
            else:
                a.copy_(b)


def make(name):
    net = models.build(name)
    net.kind = name
    if name in models.CLASSIFIERS:
        net.aux = nn.Conv2d(models.feature_channels(name, net), 16, 1)  # left out of the export
    return net.to(memory_format=torch.channels_last)


def start_from_deeplab(net, work):
    """ResNet50 begins with DeepLabV3's trunk, which has learnt where lesions end."""
    path = os.path.join(work, "deeplabv3.ckpt")
    saved = torch.load(path, map_location="cpu") if os.path.exists(path) else None
    if not saved or saved["state"]["epoch"] < saved["state"]["epochs"]:
        raise SystemExit("resnet50 starts from deeplabv3's trunk: train that to its end first")
    trunk = saved["ema"]
    own = net.state_dict()
    own.update({k[9:]: v for k, v in trunk.items() if k.startswith("backbone.")})
    net.load_state_dict(own)


def finished(base, epochs):
    if not os.path.exists(base + ".csv"):
        return False
    with open(base + ".csv", encoding="utf-8") as f:
        return len(f.readlines()) > epochs and os.path.exists(base + ".ckpt")


def read_snw(path):
    """The tensors of a .snw file (weights/FORMAT.md) as float32, by name; trusts the file, which `inspect` checks."""
    with open(path, "rb") as f:
        data = f.read()
    count, = struct.unpack_from("<I", data, 28)
    at, = struct.unpack_from("<Q", data, 40)
    tensors = {}
    for _ in range(count):
        offset, size, _crc, n, dtype, rank = struct.unpack_from("<QQIHBB", data, at)
        shape = struct.unpack_from("<%dQ" % rank, data, at + 24)
        name = data[at + 24 + 8 * rank:][:n].decode()
        values = np.frombuffer(data, {1: "<f4", 2: "<f2"}[dtype], size // {1: 4, 2: 2}[dtype], offset)
        tensors[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))
        at += (24 + 8 * rank + n + 1 + 7) // 8 * 8
    return tensors


def take_up(name, folder, task, nets, state, rows):
    """Goes on from the committed pack's weights and log: a fresh optimiser, so not bit for bit."""
    weights = os.path.join(folder, name + ".snw")
    if not os.path.exists(weights):
        return
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "logs", name + ".csv"), newline="", encoding="utf-8") as f:
        rows += list(csv.DictReader(f))
    loaded = read_snw(weights)
    for net in nets:
        net.load_state_dict(loaded, strict=False)
    state["epoch"] = len(rows)
    state["step"] = len(rows) * task.steps


def save(path, what):
    torch.save(what, path + ".tmp")
    os.replace(path + ".tmp", path)


def write_log(path, rows):
    with open(path + ".tmp", "w", newline="", encoding="utf-8") as f:
        out = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    os.replace(path + ".tmp", path)


def seed_all(*parts):
    s = zlib.crc32(repr(parts).encode())
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


def run_epoch(task, net, ema, opt, state, top, epochs, bf16):
    total, count, epoch = 0.0, 0, state["epoch"]
    net.train()
    for k, (x, y) in enumerate(task.batches()):
        for group in opt.param_groups:
            group["lr"] = learning_rate(top, epoch, epochs, k, task.steps)
        x = models.normalise(x).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = task.loss(net, x, y)
        if not torch.isfinite(loss):
            raise SystemExit("the loss is not finite at epoch %d" % epoch)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        update_average(ema, net, state["step"])
        state["step"] += 1
        total, count = total + float(loss.detach()), count + 1
    return total / count


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("network", choices=list(models.NETWORKS))
    ap.add_argument("--data", required=True, help="folder that holds ultrasound/")
    ap.add_argument("--work", required=True, help="folder for checkpoints, outside the repository")
    ap.add_argument("--epochs", type=int, help="default: the recipe's")
    ap.add_argument("--stop-after", type=int, help="stop after this many epochs of this call (for timing)")
    ap.add_argument("--threads", type=int, default=1, help="two runs of one thread beat one of two")
    ap.add_argument("--fp32", action="store_true", help="no bfloat16 products while training")
    ap.add_argument("--progress", help="folder of .snw (weights/demo) to go on from when WORK has no checkpoint, with the logs beside this file")
    ap.add_argument("--fold", help="K/N: leave training fold K out and validate on it (cross-fitting)")
    a = ap.parse_args()

    kind, _, _, epochs, top = models.NETWORKS[a.network]
    epochs = a.epochs or epochs
    name = a.network if not a.fold else "%s.fold%s" % (a.network, a.fold.replace("/", "of"))
    base = os.path.join(a.work, name)
    os.makedirs(a.work, exist_ok=True)
    torch.set_num_threads(a.threads)
    train, validation = data.load_split(a.data)
    if a.fold:
        k, n = (int(v) for v in a.fold.split("/"))
        validation = [c for c in train if data.fold_of(c, n) == k]
        train = [c for c in train if data.fold_of(c, n) != k]

    if finished(base, epochs):
        return
    seed_all(SEED, name)
    net, ema = make(a.network), make(a.network)
    state, rows = {"epoch": 0, "step": 0, "epochs": epochs}, []
    opt = optimiser(net, top)
    task = (Segmentation if kind == "seg" else Classification)(train, validation)
    if os.path.exists(base + ".ckpt"):
        saved = torch.load(base + ".ckpt", map_location="cpu")
        net.load_state_dict(saved["net"])
        ema.load_state_dict(saved["ema"])
        opt.load_state_dict(saved["opt"])
        state, rows = saved["state"], saved["rows"]
    else:
        if a.network == "resnet50":
            start_from_deeplab(net, a.work)
        ema.load_state_dict(net.state_dict())
        if a.progress:
            take_up(name, a.progress, task, (net, ema), state, rows)
    ema.eval()
    last = min(epochs, state["epoch"] + (a.stop_after or epochs))
    while state["epoch"] < last:
        wall, cpu = time.time(), time.process_time()
        seed_all(SEED, name, state["epoch"])
        loss = run_epoch(task, net, ema, opt, state, top, epochs, kind == "seg" and not a.fp32)
        with torch.no_grad():
            figures = task.validate(ema)
        row = {"epoch": state["epoch"] + 1, "lr": "%.3g" % opt.param_groups[0]["lr"], "loss": "%.4f" % loss}
        row.update({k: "%.4f" % v for k, v in figures.items()})
        row.update({"wall_s": "%.1f" % (time.time() - wall), "cpu_s": "%.1f" % (time.process_time() - cpu)})
        rows.append(row)
        state["epoch"] += 1
        save(base + ".ckpt", {"net": net.state_dict(), "ema": ema.state_dict(), "opt": opt.state_dict(),
                              "state": state, "rows": rows})
        write_log(base + ".csv", rows)
        print(name, " ".join("%s=%s" % kv for kv in row.items()), flush=True)


if __name__ == "__main__":
    main()
