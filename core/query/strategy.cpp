#include "query/strategy.h"

#include "query/builtin.h"

namespace fovea::query {

const std::vector<std::shared_ptr<const QueryStrategy>>& strategies() {
    static const std::vector<std::shared_ptr<const QueryStrategy>> all = {coresetStrategy(), randomStrategy()};
    return all;
}

}  // namespace fovea::query
