"""Small raw data sets in nnU-Net's layout, made of the shared example images, and plans small enough for two cores."""
import json

import numpy as np
import tifffile
from skimage.io import imread, imsave

OVULE, DSB = "Dataset901_OvuleNuclei", "Dataset902_DsbNuclei"
TINY = "nnUNetPlansTiny"


def write_dataset_json(folder, channel, ending):
    cases = len(list((folder / "labelsTr").glob("*" + ending)))
    (folder / "dataset.json").write_text(json.dumps({
        "channel_names": {"0": channel}, "labels": {"background": 0, "nucleus": 1}, "numTraining": cases,
        "file_ending": ending}, indent=2))


def made(raw, name):
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (raw / name / part).mkdir(parents=True)
    return raw / name


def ovule(shared, raw, training, test):
    """3D. `training` and `test` are boxes (start z, y, x, size z, y, x, step) of one volume; with step 2 every other
    section is left out, so that voxels of two sizes have to be brought together."""
    data = shared / "data/ovule_nuclei"
    spacing = json.loads((data / "dataset.json").read_text())["volumes"]["1135"]["voxel_size_nm_zyx"]
    image = tifffile.imread(data / "1135/raw.tif")
    label = (tifffile.imread(data / "1135/nucleus_instances.tif") > 0).astype(np.uint8)
    folder = made(raw, OVULE)
    for part, boxes in (("Tr", training), ("Ts", test)):
        for i, (z, y, x, depth, height, width, step) in enumerate(boxes):
            box = np.s_[z:z + depth:step, y:y + height, x:x + width]
            voxel = json.dumps({"spacing": [spacing[0] * step / 1000, spacing[1] / 1000, spacing[2] / 1000]})
            case = f"ovule_{i:02d}"
            tifffile.imwrite(folder / f"images{part}" / f"{case}_0000.tif", image[box])
            (folder / f"images{part}" / f"{case}.json").write_text(voxel)
            if part == "Tr":
                tifffile.imwrite(folder / "labelsTr" / f"{case}.tif", label[box])
                (folder / "labelsTr" / f"{case}.json").write_text(voxel)
    write_dataset_json(folder, "nuclei", ".tif")


def dsb(shared, raw, training, test):
    """2D, of images with one channel. `training` and `test` are numbers of images."""
    data = shared / "data/dsb2018_subset"
    folder = made(raw, DSB)
    for part, numbers in (("Tr", training), ("Ts", test)):
        for number in numbers:
            (path,) = (data / "images").glob(f"{number:02d}_*.png")
            imsave(folder / f"images{part}/dsb_{number:02d}_0000.png", imread(path), check_contrast=False)
            if part == "Tr":
                label = tifffile.imread(data / "labels" / (path.stem + ".tif")) > 0
                imsave(folder / f"labelsTr/dsb_{number:02d}.png", label.astype(np.uint8), check_contrast=False)
    write_dataset_json(folder, "fluorescence", ".png")


def tiny_plans(dataset, patches, batch, stages, features):
    """Copies nnUNetPlans.json of a preprocessed data set with fewer features and a smaller patch, under its own name.

    The preprocessed data stay those of nnUNetPlans."""
    plans = json.loads((dataset / "nnUNetPlans.json").read_text())
    plans["plans_name"] = TINY
    plans["configurations"] = {name: c for name, c in plans["configurations"].items() if name in patches}
    for name, configuration in plans["configurations"].items():
        configuration["patch_size"] = list(patches[name])
        configuration["batch_size"] = batch
        network = configuration["architecture"]["arch_kwargs"]
        network["n_stages"] = stages
        network["features_per_stage"] = [min(features * 2 ** i, 8 * features) for i in range(stages)]
        for key, length in (("kernel_sizes", stages), ("strides", stages), ("n_conv_per_stage", stages),
                            ("n_conv_per_stage_decoder", stages - 1)):
            network[key] = network[key][:length]
    (dataset / (TINY + ".json")).write_text(json.dumps(plans, indent=4))
