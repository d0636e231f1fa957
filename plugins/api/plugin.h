#pragma once
#include <memory>
#include <string>
#include <vector>

#include "query/strategy.h"
#include "segment/prompt_engine.h"
#include "segment/pseudo_labeler.h"

// What a plug-in is. Its capabilities are the interfaces that the built-in parts use themselves: nothing is special
// about the ones that came with the program.
//
// To add one: a folder in plugins/ with a source that implements an interface and a header that declares
//     fovea::plugin::Plugin fovea::plugins::<name>();
// then a line each in plugins/CMakeLists.txt and plugins/builtin.cpp. `app/services` appends what builtIn() returns to
// the lists the stages see, so that a strategy turns up in `fovea-cli query --set strategy=…`, in forms and in `plugins
// --json`. plugins/spread is the smallest example.
//
// Rules: throw only fovea::Error and fovea::Cancelled; call job.check() in loops; same seed, same answer; ids are lower
// case and unlike those of others. A plug-in built against another interface number is refused.
namespace fovea::plugin {

// Raised whenever one of the interfaces below changes.
inline constexpr int interfaceNumber = 2;

using QueryStrategy = query::QueryStrategy;
using PseudoLabeler = segment::PseudoLabeler;
using PromptEngine = segment::PromptEngine;

struct Plugin {
    std::string id;       // "spread"
    Text title;           // "Spread in space"
    std::string licence;  // SPDX identifier
    int builtFor = interfaceNumber;
    std::vector<std::shared_ptr<const QueryStrategy>> strategies = {};
    std::vector<std::shared_ptr<const PseudoLabeler>> pseudoLabelers = {};
    std::vector<std::shared_ptr<const PromptEngine>> promptEngines = {};
};

}  // namespace fovea::plugin
