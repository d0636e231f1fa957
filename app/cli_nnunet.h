#pragma once
#include <memory>

#include "cli.h"
#include "nnunet/files.h"
#include "nnunet/folders.h"

namespace fovea::app {

// Images and label maps in all formats that this program reads and writes.
nnunet::Files filesOf(Cli& cli);

// Each adds sub-commands of `nnunet`. `roots` is filled while parsing.
void addNnunetScoring(CLI::App& group, Cli& cli, std::shared_ptr<nnunet::Roots> roots);  // evaluate, ensemble, best, …

}  // namespace fovea::app
