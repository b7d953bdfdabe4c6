"""Random changes a scanner, a probe position or an annotator could make. Batches of float 0..255."""
import math

import torch
import torch.nn.functional as F


def _uniform(n, low, high):
    return low + (high - low) * torch.rand(n)


def warp_grid(n, size, rotate, zoom, stretch, shift, wobble):
    """Sampling grid [n, size, size, 2]: mirror, rotation (degrees), zoom 1/z..z, stretch, shift, and a
    smooth random displacement. No upside-down: shadows fall away from the probe."""
    a = _uniform(n, -rotate, rotate) * math.pi / 180
    z = torch.exp(_uniform(n, -math.log(zoom), math.log(zoom)))
    s = torch.exp(_uniform(n, -math.log(stretch), math.log(stretch)))
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = mirror * torch.cos(a) * z * s, -torch.sin(a) * z
    theta[:, 1, 0], theta[:, 1, 1] = mirror * torch.sin(a) * z, torch.cos(a) * z / s
    theta[:, :, 2] = _uniform((n, 2), -shift, shift)
    grid = F.affine_grid(theta, (n, 1, size, size), align_corners=False)
    if wobble:
        field = F.interpolate(torch.randn(n, 2, 5, 5) * wobble, size=(size, size), mode="bicubic", align_corners=True)
        grid = grid + field.permute(0, 2, 3, 1)
    return grid


def warp(x, grid, out):
    """Sample (mirrored past the edge), then area-average to `out`: close to an antialiased resize."""
    y = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return F.adaptive_avg_pool2d(y, out) if y.shape[-1] != out else y


def _blur(x, sigma):
    k = torch.exp(-0.5 * (torch.arange(-3, 4) / sigma) ** 2)
    k = k / k.sum()
    x = F.conv2d(F.pad(x, (3, 3, 0, 0), mode="reflect"), k.view(1, 1, 1, 7))
    return F.conv2d(F.pad(x, (0, 0, 3, 3), mode="reflect"), k.view(1, 1, 7, 1))


def intensity(x):
    """Gamma, contrast, brightness, gain over depth, multiplicative speckle, blur; each picture its own."""
    n, _, h, w = x.shape
    def col(low, high):
        return _uniform(n, low, high).view(n, 1, 1, 1)
    y = (x / 255).clamp(0, 1)
    y = y ** torch.exp(col(-0.5, 0.5))
    mean = y.mean((2, 3), keepdim=True)
    y = (y - mean) * col(0.7, 1.35) + mean + col(-0.1, 0.1)
    y = y * (1 + col(-0.25, 0.25) * torch.linspace(-1, 1, h).view(1, 1, h, 1))
    grain = torch.randn(n, 1, h, w)
    coarse = _blur(torch.randn(n, 1, h, w), 1.0) * 3.5  # about unit variance again
    grain = torch.where(torch.rand(n, 1, 1, 1) < 0.5, grain, coarse)
    y = y * (1 + col(0.0, 0.15) * grain)
    y = torch.where(torch.rand(n, 1, 1, 1) < 0.25, _blur(y, float(_uniform(1, 0.4, 1.3))), y)
    return y.clamp(0, 1) * 255
