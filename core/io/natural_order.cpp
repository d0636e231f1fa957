#include "io/natural_order.h"

#include <set>

namespace fovea::io {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t endOfDigits(const std::string& s, std::size_t from) {
    while (from < s.size() && isDigit(s[from])) ++from;
    return from;
}

// Alternating text and digits, text first.
std::vector<std::string> parts(const std::string& s) {
    std::vector<std::string> result{""};
    bool digits = false;
    for (char c : s) {
        if (isDigit(c) != digits) result.emplace_back(), digits = !digits;
        result.back() += c;
    }
    return result;
}

}  // namespace

bool naturalLess(const std::string& a, const std::string& b) {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (isDigit(a[i]) && isDigit(b[j])) {
            const std::size_t endA = endOfDigits(a, i), endB = endOfDigits(b, j);
            while (i < endA - 1 && a[i] == '0') ++i;
            while (j < endB - 1 && b[j] == '0') ++j;
            if (endA - i != endB - j) return endA - i < endB - j;
            if (const int order = a.compare(i, endA - i, b, j, endB - j); order != 0) return order < 0;
            i = endA, j = endB;
        } else if (a[i] != b[j]) {
            return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
        } else {
            ++i, ++j;
        }
    }
    const bool endA = i == a.size(), endB = j == b.size();
    return endA && endB ? a < b : endA;
}

bool isNumbered(const std::vector<std::string>& names) {
    if (names.size() < 2) return false;
    const std::vector<std::string> first = parts(names[0]);
    std::set<std::size_t> varying;
    for (const std::string& name : names) {
        const std::vector<std::string> other = parts(name);
        if (other.size() != first.size()) return false;
        for (std::size_t k = 0; k < first.size(); ++k)
            if (other[k] != first[k]) {
                if (k % 2 == 0) return false;  // text
                varying.insert(k);
            }
    }
    return varying.size() == 1;
}

}  // namespace fovea::io
