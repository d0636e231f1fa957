#include "base/error.h"

#include <utility>

namespace fovea {

const char* name(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Input:
            return "input";
        case ErrorKind::Missing:
            return "missing";
        case ErrorKind::Format:
            return "format";
        case ErrorKind::Unsupported:
            return "unsupported";
        case ErrorKind::Device:
            return "device";
        case ErrorKind::Memory:
            return "memory";
        case ErrorKind::Remote:
            return "remote";
        case ErrorKind::Plugin:
            return "plugin";
        case ErrorKind::Internal:
            break;
    }
    return "internal";
}

Error::Error(ErrorKind kind, Text text) : kind_(kind), what_(text.str()) { chain_.push_back(std::move(text)); }

Error& Error::context(Text text) {
    what_ += " (while " + text.str() + ")";
    chain_.push_back(std::move(text));
    return *this;
}

}  // namespace fovea
