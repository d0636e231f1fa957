#pragma once
#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <utility>

#include "base/error.h"

namespace fovea::nn {

// torch's exception as ours: Error(Memory) when an allocation failed, else Error(Internal).
Error translate(const c10::Error& error);

// Runs f and lets only fovea::Error and Cancelled out. Every public function of the torch rooms that calls torch is
// wrapped so.
template <class F>
decltype(auto) translated(F&& f) {
    try {
        return std::forward<F>(f)();
    } catch (const c10::Error& e) {
        throw translate(e);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::Memory,
                    Text(FOVEA_TR("There is not enough memory for this step. Close other programs, or choose a "
                                  "smaller patch.")));
    }
}

}  // namespace fovea::nn
