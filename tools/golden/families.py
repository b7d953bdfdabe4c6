"""Reference modules of the families that torchvision does not hold, and narrow variants of those it does.

Written from the documented structure of each family: tensor names, order of concatenation, padding,
alignment of the upsampling. Nothing here is tuned for speed; it is what the C networks are judged by.
"""
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.densenet import DenseNet
from torchvision.models.segmentation.deeplabv3 import ASPP


# ---- milesial Pytorch-UNet ------------------------------------------------------------------

class DoubleConv(nn.Module):
    """(3x3 conv, BatchNorm, ReLU) twice; conv biases only in older files of the family."""

    def __init__(self, cin, cout, mid=None, bias=False):
        super().__init__()
        mid = mid or cout
        self.double_conv = nn.Sequential(
            nn.Conv2d(cin, mid, kernel_size=3, padding=1, bias=bias), nn.BatchNorm2d(mid), nn.ReLU(),
            nn.Conv2d(mid, cout, kernel_size=3, padding=1, bias=bias), nn.BatchNorm2d(cout), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, cin, cout, bias):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(cin, cout, bias=bias))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Doubles the deeper map, pads it to the skip (left and top get the smaller half), cat [skip, up]."""

    def __init__(self, cin, cout, bilinear, bias):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(cin, cout, mid=cin // 2, bias=bias)
        else:
            self.up = nn.ConvTranspose2d(cin, cin // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(cin, cout, bias=bias)

    def forward(self, deep, skip):
        deep = self.up(deep)
        dh, dw = skip.shape[2] - deep.shape[2], skip.shape[3] - deep.shape[3]
        deep = F.pad(deep, (dw // 2, dw - dw // 2, dh // 2, dh - dh // 2))
        return self.conv(torch.cat((skip, deep), dim=1))


class OutConv(nn.Module):
    def __init__(self, cin, classes):
        super().__init__()
        self.conv = nn.Conv2d(cin, classes, kernel_size=1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False, base=64, bias=False):
        super().__init__()
        c = [base << k for k in range(5)]
        half = 2 if bilinear else 1
        self.inc = DoubleConv(n_channels, c[0], bias=bias)
        self.down1 = Down(c[0], c[1], bias)
        self.down2 = Down(c[1], c[2], bias)
        self.down3 = Down(c[2], c[3], bias)
        self.down4 = Down(c[3], c[4] // half, bias)
        self.up1 = Up(c[4], c[3] // half, bilinear, bias)
        self.up2 = Up(c[3], c[2] // half, bilinear, bias)
        self.up3 = Up(c[2], c[1] // half, bilinear, bias)
        self.up4 = Up(c[1], c[0], bilinear, bias)
        self.outc = OutConv(c[0], n_classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x = self.down4(x4)
        for up, skip in ((self.up1, x4), (self.up2, x3), (self.up3, x2), (self.up4, x1)):
            x = up(x, skip)
        return self.outc(x)


# ---- 4uiiurz1 pytorch-nested-unet -----------------------------------------------------------

class VGGBlock(nn.Module):
    def __init__(self, cin, mid, cout):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(cin, mid, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv2 = nn.Conv2d(mid, cout, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(cout)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


class NestedUNet(nn.Module):
    """Node (i, j) sees every earlier node of its row and the doubled node (i+1, j-1), in that order.

    With deep supervision the family returns four maps; compared is final4's, or their mean.
    """

    def __init__(self, num_classes, input_channels=3, deep_supervision=False, mean=False,
                 filters=(32, 64, 128, 256, 512)):
        super().__init__()
        self.deep_supervision = deep_supervision
        self.mean = mean
        self.pool = nn.MaxPool2d(2, 2)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        f = filters
        for j in range(5):
            for i in range(5 - j):
                if j == 0:
                    cin = input_channels if i == 0 else f[i - 1]
                else:
                    cin = f[i] * j + f[i + 1]
                self.add_module("conv%d_%d" % (i, j), VGGBlock(cin, f[i], f[i]))
        heads = ["final1", "final2", "final3", "final4"] if deep_supervision else ["final"]
        for name in heads:
            self.add_module(name, nn.Conv2d(f[0], num_classes, kernel_size=1))

    def forward(self, x):
        row = [[] for _ in range(5)]
        for depth in range(5):
            row[depth].append(self._modules["conv%d_0" % depth](x))
            x = self.pool(row[depth][0]) if depth < 4 else None
            for j in range(1, depth + 1):  # the diagonal that this depth completes
                i = depth - j
                seen = row[i] + [self.up(row[i + 1][j - 1])]
                row[i].append(self._modules["conv%d_%d" % (i, j)](torch.cat(seen, 1)))
        if self.deep_supervision:
            maps = [self._modules["final%d" % k](row[0][k]) for k in range(1, 5)]
            return sum(maps) / 4 if self.mean else maps[-1]
        return self.final(row[0][4])


# ---- torchvision's names on other channel counts ---------------------------------------------

class Residual(nn.Module):
    """torchvision's BasicBlock (mid is None) or Bottleneck (stride and dilation on the 3x3)."""

    def __init__(self, cin, mid, cout, stride, dilation, project):
        super().__init__()
        self.relu = nn.ReLU()

        def conv(a, b, k, s=1, d=1):
            return nn.Conv2d(a, b, k, stride=s, padding=d * (k // 2), dilation=d, bias=False)

        if mid is None:
            self.conv1, self.bn1 = conv(cin, cout, 3, stride), nn.BatchNorm2d(cout)
            self.conv2, self.bn2 = conv(cout, cout, 3), nn.BatchNorm2d(cout)
        else:
            self.conv1, self.bn1 = conv(cin, mid, 1), nn.BatchNorm2d(mid)
            self.conv2, self.bn2 = conv(mid, mid, 3, stride, dilation), nn.BatchNorm2d(mid)
            self.conv3, self.bn3 = conv(mid, cout, 1), nn.BatchNorm2d(cout)
        self.downsample = None
        if project:
            self.downsample = nn.Sequential(conv(cin, cout, 1, stride), nn.BatchNorm2d(cout))

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(self.relu(y)))
        return self.relu(y + skip)


class NarrowResNet(nn.Module):
    """ResNet with free channel counts; mids None: basic blocks; dilated: output stride 8, as DeepLabV3's backbone."""

    def __init__(self, in_channels, stem, mids, outs, depths, num_classes=None, dilated=False):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, stem, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        cin, dilation = stem, 1
        for k in range(4):
            blocks = []
            for b in range(depths[k]):
                stride, d = (2 if k and b == 0 else 1), dilation
                if dilated and k >= 2:
                    stride = 1
                    if b == 0:
                        dilation *= 2  # the first block keeps the stage before's
                blocks.append(Residual(cin, mids and mids[k], outs[k], stride, d,
                                       b == 0 and (stride != 1 or cin != outs[k] or k >= 1)))
                cin = outs[k]
            self.add_module("layer%d" % (k + 1), nn.Sequential(*blocks))
        if num_classes is not None:
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(cin, num_classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1)) if hasattr(self, "fc") else x


class NarrowDeepLab(nn.Module):
    def __init__(self, backbone, channels, aspp, mid, num_classes):
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Sequential(
            ASPP(channels, [12, 24, 36], aspp), nn.Conv2d(aspp, mid, 3, padding=1, bias=False),
            nn.BatchNorm2d(mid), nn.ReLU(), nn.Conv2d(mid, num_classes, 1))

    def forward(self, x):
        y = self.classifier(self.backbone(x))
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)


def narrow_densenet(in_channels, growth, init, bn_size, num_classes):
    net = DenseNet(growth, (6, 12, 24, 16), init, bn_size=bn_size, num_classes=num_classes)
    net.features.conv0 = nn.Conv2d(in_channels, init, 7, stride=2, padding=3, bias=False)
    return net
