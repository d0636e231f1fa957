#pragma once
#include "plugins/api/plugin.h"

namespace fovea::plugins {

// One query strategy, "spread": patches as far from one another as the volume allows. Looks at no features, so it can
// be used before any network ran.
plugin::Plugin spread();

}  // namespace fovea::plugins
