"""Predicts a folder with nnU-Net's own predictor, which here adds up its windows in float32 instead of half precision:

    official_predict.py MODEL IMAGES OUT THREADS"""
import pathlib
import sys

import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor


def main():
    model, images, out, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    predictor = nnUNetPredictor(device=torch.device("cpu"), perform_everything_on_device=False, allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(model, (0,), "checkpoint_final.pth")
    torch.half = torch.float32  # the predictor names the type of its sums so
    pathlib.Path(out).mkdir(parents=True)
    predictor.predict_from_files_sequential(images, out)


if __name__ == "__main__":
    main()
