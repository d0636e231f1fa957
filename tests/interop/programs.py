"""The two programs side by side: nnU-Net of this python's environment, and fovea-cli."""
import os
import pathlib
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parent.parent.parent
CLI = os.environ.get("FOVEA_CLI", str(HOME / "build/release/bin/fovea-cli"))


class Failure(Exception):
    pass


class Folders:
    """The three folders of nnU-Net. Both programs read them from the environment."""

    def __init__(self, raw, preprocessed, results):
        self.raw, self.preprocessed, self.results = raw, preprocessed, results

    def environment(self, threads, augmenters):
        # Without these nnU-Net starts up to twelve processes, each of which loads PyTorch: more than two cores can take.
        return {**os.environ, "nnUNet_raw": str(self.raw), "nnUNet_preprocessed": str(self.preprocessed),
                "nnUNet_results": str(self.results), "nnUNet_n_proc_DA": str(augmenters), "nnUNet_def_n_proc": "1",
                "nnUNet_compile": "f", "OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": "",
                "PYTHONWARNINGS": "ignore"}


def execute(command, folders, threads=2, augmenters=1):
    command = [str(c) for c in command]
    run = subprocess.run(command, env=folders.environment(threads, augmenters), capture_output=True, text=True)
    if run.returncode != 0:
        said = (run.stderr.strip() or run.stdout.strip()).splitlines()[-12:]
        raise Failure(f"{' '.join(command)}\n    exit status {run.returncode}\n    " + "\n    ".join(said))
    return run.stdout


def official(name, *arguments, folders, threads=2):
    return execute([pathlib.Path(sys.executable).with_name("nnUNetv2_" + name), *arguments], folders, threads)


def official_train(*arguments, folders, threads=2):
    # 0: augmentation in the trainer's own process, as only training allows (planning refuses it).
    driver = pathlib.Path(__file__).with_name("official.py")
    return execute([sys.executable, driver, *arguments, "--threads", threads], folders, threads, augmenters=0)


def official_predict(model, images, out, folders, threads=2):
    """nnU-Net's own prediction, but for sums in float32."""
    driver = pathlib.Path(__file__).with_name("official_predict.py")
    return execute([sys.executable, driver, model, images, out, threads], folders, threads)


def fovea(*arguments, folders, threads=2, seed=0):
    return execute([CLI, "--threads", threads, "--seed", seed, "nnunet", *arguments], folders, threads)
