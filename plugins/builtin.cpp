#include "plugins/builtin.h"

#include "plugins/spread/spread.h"

namespace fovea::plugins {

const std::vector<plugin::Plugin>& builtIn() {
    static const std::vector<plugin::Plugin> all = [] {
        std::vector<plugin::Plugin> list = {spread()};
        for (const plugin::Plugin& one : list)
            if (one.builtFor != plugin::interfaceNumber)
                throw Error(
                    ErrorKind::Plugin,
                    {FOVEA_TR("Plug-in {id} was built for interface {its}, this program has {ours}. Build it again."),
                     {{"id", one.id},
                      {"its", std::to_string(one.builtFor)},
                      {"ours", std::to_string(plugin::interfaceNumber)}}});
        return list;
    }();
    return all;
}

}  // namespace fovea::plugins
