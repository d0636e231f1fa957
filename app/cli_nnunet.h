#pragma once
#include "cli.h"
#include "nnunet/folders.h"

namespace fovea::app {

using RootsPtr = std::shared_ptr<nnunet::Roots>;

// Each adds sub-commands to `fovea-cli nnunet`.
void addNnunetTraining(CLI::App& group, Cli& cli, const RootsPtr& roots);  // plan, preprocess, train, predict
void addNnunetScoring(CLI::App& group, Cli& cli, RootsPtr roots);          // evaluate, ensemble, best, …

void addNnunetExchange(CLI::App& group, Cli& cli, RootsPtr roots);  // import, export

}  // namespace fovea::app
