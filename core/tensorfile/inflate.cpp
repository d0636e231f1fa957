#include "tensorfile/inflate.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace fovea::tensorfile {

namespace {

constexpr int longest = 15;  // bits of a code

struct Damaged {};

void require(bool sound) {
    if (!sound) throw Damaged{};
}

// The stream bit by bit, the lowest of a byte first.
class Bits {
  public:
    explicit Bits(std::string_view bytes) : bytes_(bytes) {}

    // The next `count` ≤ 32 bits; zeros beyond the end.
    std::uint32_t peek(int count) {
        while (have_ < count && at_ < bytes_.size()) {
            buffer_ |= std::uint64_t(static_cast<unsigned char>(bytes_[at_++])) << have_;
            have_ += 8;
        }
        return std::uint32_t(buffer_ & ((std::uint64_t(1) << count) - 1));
    }
    void drop(int count) {
        require(count <= have_);
        buffer_ >>= count;
        have_ -= count;
    }
    std::uint32_t take(int count) {
        const std::uint32_t value = peek(count);
        drop(count);
        return value;
    }
    // From the next whole byte on.
    std::string_view takeBytes(std::size_t count) {
        at_ -= std::size_t(have_ / 8);
        have_ = 0, buffer_ = 0;
        require(count <= bytes_.size() - at_);
        at_ += count;
        return bytes_.substr(at_ - count, count);
    }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    std::uint64_t buffer_ = 0;
    int have_ = 0;
};

// A Huffman code as a table of what each beginning of 15 bits stands for.
class Code {
  public:
    explicit Code(std::span<const std::uint8_t> lengths) : table_(std::size_t(1) << longest) {
        std::array<int, longest + 1> count{}, next{};
        for (const std::uint8_t length : lengths) ++count[length];
        count[0] = 0;
        int left = 1;  // codes of this length that no shorter one begins
        for (std::size_t length = 1; length < count.size(); ++length) {
            left = 2 * left - count[length];
            require(left >= 0);
            next[length] = (next[length - 1] + count[length - 1]) * 2;
        }
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
            if (lengths[symbol] > 0) enter(std::uint16_t(symbol), lengths[symbol], next[lengths[symbol]]++);
    }
    std::uint32_t read(Bits& bits) const {
        const Entry entry = table_[bits.peek(longest)];
        require(entry.length > 0);
        bits.drop(entry.length);
        return entry.symbol;
    }

  private:
    struct Entry {
        std::uint16_t symbol = 0;
        std::uint8_t length = 0;  // 0: no such code
    };

    void enter(std::uint16_t symbol, int length, int code) {
        std::size_t reversed = 0;  // codes come with their highest bit first
        for (int bit = 0; bit < length; ++bit) reversed |= std::size_t(code >> bit & 1) << (length - 1 - bit);
        for (std::size_t at = reversed; at < table_.size(); at += std::size_t(1) << length)
            table_[at] = {symbol, std::uint8_t(length)};
    }

    std::vector<Entry> table_;
};

struct BlockCodes {
    Code symbols, distances;
};

BlockCodes fixedCodes() {
    std::array<std::uint8_t, 288> lengths;
    for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    const std::array<std::uint8_t, 30> five = [] {
        std::array<std::uint8_t, 30> all;
        all.fill(5);
        return all;
    }();
    return {Code(lengths), Code(five)};
}

BlockCodes readCodes(Bits& bits) {
    const std::size_t symbols = bits.take(5) + 257, distances = bits.take(5) + 1, described = bits.take(4) + 4;
    require(symbols <= 286 && distances <= 30);
    constexpr std::array<std::uint8_t, 19> order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    std::array<std::uint8_t, 19> small{};
    for (std::size_t i = 0; i < described; ++i) small[order[i]] = std::uint8_t(bits.take(3));
    const Code lengthCode(small);
    std::vector<std::uint8_t> lengths;
    while (lengths.size() < symbols + distances) {
        const std::uint32_t symbol = lengthCode.read(bits);
        if (symbol < 16) {
            lengths.push_back(std::uint8_t(symbol));
            continue;
        }
        require(symbol != 16 || !lengths.empty());
        const std::uint8_t repeated = symbol == 16 ? lengths.back() : 0;
        const std::uint32_t times = symbol == 16   ? 3 + bits.take(2)
                                    : symbol == 17 ? 3 + bits.take(3)
                                                   : 11 + bits.take(7);
        lengths.insert(lengths.end(), times, repeated);
    }
    require(lengths.size() == symbols + distances && lengths[256] > 0);
    const std::span<const std::uint8_t> all(lengths);
    return {Code(all.first(symbols)), Code(all.subspan(symbols))};
}

class Inflater {
  public:
    Inflater(std::string_view packed, std::uint64_t size) : bits_(packed), size_(size) {}

    std::string run() {
        for (bool last = false; !last;) {
            last = bits_.take(1);
            const std::uint32_t kind = bits_.take(2);
            require(kind < 3);
            if (kind == 0)
                copyStored();
            else
                decode(kind == 1 ? fixedCodes() : readCodes(bits_));
        }
        require(out_.size() == size_);
        return std::move(out_);
    }

  private:
    void copyStored() {
        const std::string_view head = bits_.takeBytes(4);
        const auto byte = [&](std::size_t i) { return std::size_t(static_cast<unsigned char>(head[i])); };
        const std::size_t count = byte(0) | byte(1) << 8;
        require((byte(2) | byte(3) << 8) == (count ^ 0xFFFF) && count <= size_ - out_.size());
        out_ += bits_.takeBytes(count);
    }
    void decode(const BlockCodes& codes) {
        for (std::uint32_t symbol; (symbol = codes.symbols.read(bits_)) != 256;) {
            if (symbol > 256) {
                const std::size_t length = lengthOf(symbol);
                repeat(length, distanceOf(codes.distances.read(bits_)));
                continue;
            }
            require(out_.size() < size_);
            out_ += char(symbol);
        }
    }
    // Symbols 257 … 285: lengths 3 … 258, four of them for each number of extra bits.
    std::size_t lengthOf(std::uint32_t symbol) {
        require(symbol <= 285);
        if (symbol == 285) return 258;
        const std::uint32_t step = symbol - 257, extra = step < 8 ? 0 : step / 4 - 1;
        return 3 + (step < 8 ? step : ((4 + step % 4) << extra)) + bits_.take(int(extra));
    }
    // Two distances for each number of extra bits.
    std::size_t distanceOf(std::uint32_t symbol) {
        require(symbol < 30);
        const std::uint32_t extra = symbol < 4 ? 0 : symbol / 2 - 1;
        return 1 + (symbol < 4 ? symbol : ((2 + symbol % 2) << extra)) + bits_.take(int(extra));
    }
    // What stood `distance` bytes before, byte by byte: it may reach into itself.
    void repeat(std::size_t length, std::size_t distance) {
        require(distance <= out_.size() && length <= size_ - out_.size());
        for (std::size_t i = 0; i < length; ++i) out_ += out_[out_.size() - distance];
    }

    Bits bits_;
    std::uint64_t size_;
    std::string out_;
};

}  // namespace

std::optional<std::string> inflated(std::string_view packed, std::uint64_t size) {
    try {
        return Inflater(packed, size).run();
    } catch (const Damaged&) {
        return std::nullopt;
    }
}

}  // namespace fovea::tensorfile
