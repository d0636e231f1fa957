#pragma once
#include <string>

namespace fovea::tensorfile {

// A tensor's name without what torch's DataParallel ("module.") and torch.compile ("_orig_mod.") put in front, in any
// order and number.
std::string withoutWrappers(const std::string& name);

}  // namespace fovea::tensorfile
