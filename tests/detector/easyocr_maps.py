"""Writes the maps of EasyOCR's own network: python easyocr_maps.py WEIGHTS.pth INPUT.npy MAPS.npy; a program, as PyTorch and TensorFlow
had better not share one."""

import sys

import numpy as np
import torch
from easyocr.craft import CRAFT
from easyocr.detection import copyStateDict

weights, given, out = sys.argv[1:]
network = CRAFT()
network.load_state_dict(copyStateDict(torch.load(weights, map_location="cpu", weights_only=True)))
network.eval()
with torch.no_grad():
    maps, _ = network(torch.from_numpy(np.load(given).transpose(0, 3, 1, 2).copy()))
np.save(out, maps.numpy())
