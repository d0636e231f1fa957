#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/job.h"

namespace fovea::models {

// False in builds without libcurl.
bool canDownload();

// Fetches a file into `folder` under `name` (empty: the last part of the address) and returns its path. What came
// before a cut or a cancellation stays beside it as NAME.part and is continued by the next call, unless the source
// changed meanwhile; the file itself appears once it is whole. Only https, and http from this computer itself;
// redirections to https only; proxies as the variables https_proxy, all_proxy and no_proxy say, certificates as
// SSL_CERT_FILE or CURL_CA_BUNDLE. Throws Error(Input) for other addresses, for a file larger than `most` bytes and for
// a full disk, Error(Remote) when the source does not answer, cuts off or refuses, Error(Unsupported) without libcurl,
// Cancelled.
std::filesystem::path download(const std::string& url, const std::filesystem::path& folder, const std::string& name,
                               std::uint64_t most, Job& job);

}  // namespace fovea::models
