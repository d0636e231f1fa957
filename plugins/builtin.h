#pragma once
#include <vector>

#include "plugins/api/plugin.h"

namespace fovea::plugins {

// The plug-ins linked into the program, in the order they are listed. Throws Error(Plugin) naming one that was built
// for another interface number.
const std::vector<plugin::Plugin>& builtIn();

}  // namespace fovea::plugins
