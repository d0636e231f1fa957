#pragma once
#include <filesystem>
#include <string>

namespace fovea::project {

// One writer at a time: `<folder>/lock` names process, host and start time. A lock whose process is dead is taken over;
// a live one, or one of another host, is an Error(Input) naming host, time and remedy. Released by the destructor.
class Lock {
  public:
    explicit Lock(const std::filesystem::path& folder);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    std::filesystem::path path_;
    std::string content_;
};

}  // namespace fovea::project
