"""Trains with nnU-Net's own trainer and as many epochs and iterations as asked for; nnU-Net has no option for that.

The trainer keeps its name, so that its folder is the one Fovea reads and writes. Run by tests/interop with its own
python; the three folders come from nnU-Net's environment variables."""
import argparse
import functools
import random

import numpy as np
import torch


def shorten(trainer, epochs, iterations, validation_iterations):
    made = trainer.__init__

    @functools.wraps(made)
    def init(self, *positional, **named):
        made(self, *positional, **named)
        self.num_epochs = epochs
        self.num_iterations_per_epoch = iterations
        self.num_val_iterations_per_epoch = validation_iterations

    trainer.__init__ = init


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("configuration")
    parser.add_argument("fold")
    parser.add_argument("--plans", default="nnUNetPlans")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--validation-iterations", type=int, default=1)
    parser.add_argument("--continue", dest="go_on", action="store_true")
    parser.add_argument("--no-validation", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    from nnunetv2.run.run_training import run_training
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    # nnU-Net sets no seeds itself. With nnUNet_n_proc_DA=0 the augmentation draws from these too.
    random.seed(arguments.seed)
    np.random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    shorten(nnUNetTrainer, arguments.epochs, arguments.iterations, arguments.validation_iterations)
    if arguments.no_validation:
        nnUNetTrainer.perform_actual_validation = lambda self, save_probabilities=False: None
    run_training(arguments.dataset, arguments.configuration, arguments.fold, plans_identifier=arguments.plans,
                 continue_training=arguments.go_on, device=torch.device("cpu"))


if __name__ == "__main__":
    main()
