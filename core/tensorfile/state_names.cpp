#include "tensorfile/state_names.h"

#include <string_view>

namespace fovea::tensorfile {

std::string withoutWrappers(const std::string& name) {
    std::string_view rest = name;
    for (bool found = true; found;) {
        found = false;
        for (const std::string_view prefix : {"module.", "_orig_mod."})
            if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size()), found = true;
    }
    return std::string(rest);
}

}  // namespace fovea::tensorfile
