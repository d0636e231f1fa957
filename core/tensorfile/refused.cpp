#include "tensorfile/refused.h"

namespace fovea::tensorfile {

namespace {

ErrorKind kindOf(Refusal reason) {
    return reason == Refusal::Compressed || reason == Refusal::ByteOrder || reason == Refusal::Unsupported
               ? ErrorKind::Unsupported
               : ErrorKind::Format;
}

const char* remedyFor(Refusal reason) {
    switch (reason) {
        case Refusal::UnsafeGlobal:
            return FOVEA_TR("Do not open it in Python either; get the weights from their authors.");
        case Refusal::Compressed:
        case Refusal::ByteOrder:
        case Refusal::Unsupported:
            return FOVEA_TR("Load it in Python and save it again: torch.save(torch.load(OLD), NEW).");
        case Refusal::NoTensors:
        case Refusal::NoPickle:
            return FOVEA_TR("Choose the file that holds the weights.");
        default:
            return FOVEA_TR("Copy or download it again.");
    }
}

}  // namespace

const char* name(Refusal reason) {
    static const char* const names[] = {"unsafe-global", "storage-size", "bounds",     "dtype",     "missing-record",
                                        "truncated",     "crc",          "compressed", "byteorder", "path",
                                        "ambiguous",     "no-pickle",    "no-tensors", "pickle",    "limits",
                                        "bad-magic",     "empty",        "unsupported"};
    return names[std::size_t(reason)];
}

RefusedFile::RefusedFile(const std::string& path, Refusal reason, const std::string& why)
    : Error(kindOf(reason), {FOVEA_TR("{path} is not read: {why} ({reason}). {remedy}"),
                             {{"path", path}, {"why", why}, {"reason", name(reason)}, {"remedy", remedyFor(reason)}}}),
      reason_(reason) {}

}  // namespace fovea::tensorfile
