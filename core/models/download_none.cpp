#include "base/error.h"
#include "models/download.h"

namespace fovea::models {

bool canDownload() { return false; }

std::filesystem::path download(const std::string& url, const std::filesystem::path&, const std::string&, std::uint64_t,
                               Job&) {
    throw Error(ErrorKind::Unsupported,
                {FOVEA_TR("This build cannot fetch {url}. Fetch it elsewhere and add the file."), {{"url", url}}});
}

}  // namespace fovea::models
