#pragma once
#include <cstddef>
#include <memory>
#include <string>

namespace fovea::models {

// XXH3's 128 bits, streaming, by libxxhash; a build without the library says nothing.
class Xxh128 {
  public:
    Xxh128();
    ~Xxh128();
    Xxh128(Xxh128&&) noexcept;
    Xxh128& operator=(Xxh128&&) noexcept;
    void add(const void* bytes, std::size_t size);
    // 32 lower-case hex digits, empty without the library.
    std::string hex() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fovea::models
