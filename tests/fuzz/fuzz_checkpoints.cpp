// libFuzzer's target on the readers of strangers' weights: whatever the bytes, the answer is a network, a tensor or an
// Error. packaging/fuzz builds and runs it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "models/recognise.h"
#include "tensorfile/npy.h"
#include "tensorfile/safetensors.h"
#include "tensorfile/torch_file.h"

using namespace fovea;

namespace {

// A file in memory with these bytes.
std::string fileOf(const std::uint8_t* data, std::size_t size) {
    static const int file = ::memfd_create("fuzz", 0);
    if (file < 0 || ::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != ::ssize_t(size)) std::abort();
    return "/proc/self/fd/" + std::to_string(file);
}

template <class Read>
void attempt(Read&& read) {
    try {
        read();
    } catch (const Error&) {  // refused with a reason, as it should be
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string path = fileOf(data, size);
    attempt([&] {
        tensorfile::TorchFile file(path);
        for (const auto& named : file.tensors()) attempt([&] { file.read(named.second); });
    });
    attempt([&] { tensorfile::SafetensorsFile(path).readAll(); });
    attempt([&] { tensorfile::readNpy(path); });
    attempt([&] { models::recognise(path); });
    return 0;
}
