#pragma once
#include "cli.h"
#include "nnunet/files.h"
#include "nnunet/folders.h"

namespace fovea::app {

using RootsPtr = std::shared_ptr<nnunet::Roots>;

// The formats this program has, for the jobs on nnU-Net's folders.
nnunet::Files nnunetFiles();

// Each adds sub-commands to `fovea-cli nnunet`.
void addNnunetTraining(CLI::App& group, Cli& cli, const RootsPtr& roots);  // plan, preprocess, train, predict
void addNnunetScoring(CLI::App& group, Cli& cli, RootsPtr roots);          // evaluate, ensemble, best, …

}  // namespace fovea::app
