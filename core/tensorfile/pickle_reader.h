#pragma once
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tensorfile/refused.h"

namespace fovea::tensorfile {

enum class PickleKind { None, Bool, Int, Long, Float, Text, Bytes, Tuple, List, Dict, Set, Global, Object, Persistent };

// One value of a pickle. Values refer to each other by index, so that shared and circular ones need no care.
struct PickleNode {
    PickleKind kind = PickleKind::None;
    std::int64_t whole = 0;  // Bool, Int
    double real = 0;
    std::string text;  // Text, Bytes; Long: two's complement, little-endian; Global: "module name"
    // Tuple, List, Set: items; Dict: key, value, key, value, …; Object: what would have been called, its arguments,
    // then the state where there is one; Persistent: its id.
    std::vector<std::uint32_t> children;
};

struct PickleTree {
    std::deque<PickleNode> nodes;
    std::uint32_t root = 0;
    std::size_t bytes = 0;          // how many the pickle took
    std::set<std::string> globals;  // everything it names

    const PickleNode& at(std::uint32_t index) const { return nodes[index]; }
};

// Reads Python's pickle, protocols 2 to 5 (the opcodes of Python's Lib/pickle.py), into plain values: nothing is
// imported or called. collections.OrderedDict, defaultdict and sets become Dict and Set; calls and instances of
// anything else stay what they are written as, an Object. Throws RefusedFile: UnsafeGlobal as soon as a name that runs
// programs appears, `atEnd` when the bytes end early, Limits, Pickle. `where` names the file.
PickleTree readPickle(std::string_view bytes, const std::string& where, Refusal atEnd = Refusal::Pickle);

}  // namespace fovea::tensorfile
