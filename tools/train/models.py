"""The six networks at reduced width: topology and tensor names of their full families.

The modules are the golden references of tools/golden/families.py; here are only the widths. All take
one grey channel. Together 5.5 million parameters: 11 MB as binary16.
"""
import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import families as ref  # noqa: E402

MIDS = (16, 32, 64, 96)  # ResNet50's trunk, shared in shape by DeepLabV3 so that one can start the other


class UNet(ref.UNet):
    """milesial with transposed convolutions and a less steep growth than doubling."""

    def __init__(self, c=(16, 32, 64, 96, 160)):
        nn.Module.__init__(self)
        self.inc = ref.DoubleConv(1, c[0])
        for k in range(1, 5):
            self.add_module("down%d" % k, ref.Down(c[k - 1], c[k], False))
        for k in range(1, 5):
            deep, skip = c[5 - k], c[4 - k]
            up = ref.Up(2 * skip, skip, False, False)
            up.up = nn.ConvTranspose2d(deep, skip, kernel_size=2, stride=2)
            self.add_module("up%d" % k, up)
        self.outc = ref.OutConv(c[0], 1)


class NestedUNet(ref.NestedUNet):
    """Deep supervision while training: four maps; final4's is the network's answer."""

    def __init__(self):
        super().__init__(1, 1, deep_supervision=True, filters=(16, 24, 32, 64, 96))

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        maps = []
        hooks = [self._modules["final%d" % k].register_forward_hook(lambda m, i, o: maps.append(o))
                 for k in range(1, 5)]
        self.mean = True  # makes the reference evaluate all four heads
        super().forward(x)
        self.mean = False
        for h in hooks:
            h.remove()
        return maps


def _trunk(dilated, classes=None):
    return ref.NarrowResNet(1, 16, list(MIDS), [4 * m for m in MIDS], [3, 4, 6, 3], classes, dilated)


def _resnet101():
    return ref.NarrowResNet(1, 16, [16, 24, 32, 64], [64, 96, 128, 256], [3, 4, 23, 3], 2)


#        name        task   family         builder, epochs, learning rate
NETWORKS = {
    "unet":        ("seg", "milesial",    UNet, 100, 2e-3),
    "nested-unet": ("seg", "nested-unet", NestedUNet, 70, 2e-3),
    "deeplabv3":   ("seg", "torchvision", lambda: ref.NarrowDeepLab(_trunk(True), 4 * MIDS[3], 48, 48, 1), 140, 1e-3),
    "resnet50":    ("cls", "torchvision", lambda: _trunk(False, 2), 70, 1e-3),
    "densenet121": ("cls", "torchvision", lambda: ref.narrow_densenet(1, 8, 16, 4, 2), 70, 1e-3),
    "resnet101":   ("cls", "torchvision", _resnet101, 70, 1e-3),
}
SEGMENTERS = [n for n, v in NETWORKS.items() if v[0] == "seg"]
CLASSIFIERS = [n for n, v in NETWORKS.items() if v[0] == "cls"]
INPUT = 128                       # pixels, square, all six
MEAN, SD = 0.32, 0.20             # of x / 255 over the pictures, rounded


def build(name):
    """Initialised: He for convolutions, and residual blocks that start as the identity."""
    net = NETWORKS[name][2]()
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(m.weight, mode="fan_out" if isinstance(m, nn.Conv2d) else "fan_in", nonlinearity="relu")
            if m.bias is not None:
                nn.init.zeros_(m.bias)
        elif isinstance(m, ref.Residual):
            nn.init.zeros_(m.bn3.weight)
    return net


def feature_map(name, net, x):
    """A classifier's last feature map, [N, C, 4, 4]."""
    if name == "densenet121":
        return torch.relu(net.features(x))
    x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
    return net.layer4(net.layer3(net.layer2(net.layer1(x))))


def classify_features(name, net, f):
    head = net.classifier if name == "densenet121" else net.fc
    return head(f.mean((2, 3)))


def feature_channels(name, net):
    return (net.classifier if name == "densenet121" else net.fc).in_features


def normalise(x):
    """uint8 or 0..255 float tensor -> network input."""
    return (x.float() / 255 - MEAN) / SD


if __name__ == "__main__":
    total = 0
    for name in NETWORKS:
        net = build(name).eval()
        n = sum(p.numel() for p in net.parameters())
        total += n
        print("%-12s %9d parameters, output %s" % (name, n, tuple(net(torch.zeros(1, 1, INPUT, INPUT)).shape)))
    print("%-12s %9d" % ("all", total))
