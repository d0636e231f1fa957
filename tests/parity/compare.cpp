#include "parity/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace fovea::parity {

using tensorfile::ElementType;
using tensorfile::Tensor;

namespace {

struct Rule {
    bool info = false;
    double abs = 0, rel = 0;
    double ulps = 0;      // units in the last place of float16 instead
    double fraction = 1;  // of the elements, at least, must be as close as that
    std::string where;    // a stored array of the case that is not 0 where elements count
};

Rule ruleOf(const json& rule) {
    if (rule == "exact") return {};
    Rule result;
    result.info = rule == "info";
    if (result.info) return result;
    if (!rule.is_object()) throw Error(ErrorKind::Format, {"unknown tolerance {rule}", {{"rule", rule.dump()}}});
    result.abs = rule.value("abs", 0.0);
    result.rel = rule.value("rel", 0.0);
    result.ulps = rule.value("ulp_float16", 0.0);
    result.fraction = rule.value("fraction", 1.0);
    result.where = rule.value("where", std::string());
    return result;
}

// The rule by parts: "<stem>_abs", "<stem>_rel" for outputs whose names begin with the stem; the longest one counts.
std::optional<Rule> ruleByStem(const json& tolerance, const std::string& output) {
    std::optional<json> found;
    std::size_t length = 0;
    for (const auto& [key, value] : tolerance.items()) {
        const std::size_t cut = key.rfind('_');
        const std::string part = cut == std::string::npos ? "" : key.substr(cut + 1);
        const bool number = value.is_number() && (part == "abs" || part == "rel" || part == "fraction");
        const std::string stem = number ? key.substr(0, cut) : key;
        if (stem.empty() || !output.starts_with(stem) || stem.size() < length) continue;
        if (!number && !value.is_object() && value != "exact" && value != "info") continue;  // a remark
        if (stem.size() > length) found.reset();
        length = stem.size();
        if (!number)
            found = value;
        else if (!found || found->is_object())
            (found ? *found : found.emplace(json::object()))[part] = value;
    }
    return found ? std::optional(ruleOf(*found)) : std::nullopt;
}

Rule ruleFor(const json& tolerance, const std::string& output) {
    if (!tolerance.is_object()) return {};
    if (const auto rule = ruleByStem(tolerance, output)) return *rule;
    if (tolerance.contains("default")) return ruleOf(tolerance["default"]);
    json parts = json::object();
    for (const char* part : {"abs", "rel", "ulp_float16"})
        if (tolerance.contains(part) && tolerance[part].is_number()) parts[part] = tolerance[part];
    return ruleOf(parts);
}

double ulpOfHalf(double value) {
    int exponent = 0;
    std::frexp(value, &exponent);
    return std::ldexp(1.0, std::max(exponent - 1, -14) - 10);
}

bool isWhole(const Tensor& tensor) { return tensor.type <= ElementType::I64; }
bool isNumber(const json& value) { return value.is_number() || value == "nan" || value == "inf" || value == "-inf"; }

class Comparison {
  public:
    Comparison(Verdict& verdict, const json& tolerance) : verdict_(verdict), tolerance_(tolerance) {}

    // `counting`, where given, is 0 at elements that are not compared.
    void output(const std::string& name, const Rule& rule, const Value& want, const Value& got,
                const std::optional<Tensor>& counting) {
        name_ = name;
        rule_ = rule;
        if (rule.fraction < 1 || counting) return most(want, got, counting);
        const auto* wantTensor = std::get_if<Tensor>(&want);
        const auto* gotTensor = std::get_if<Tensor>(&got);
        if (wantTensor && gotTensor)
            tensors(*wantTensor, *gotTensor);
        else if (wantTensor)
            tensors(*wantTensor, flattened(std::get<json>(got)));
        else if (gotTensor)
            tensors(flattened(std::get<json>(want)), *gotTensor);
        else
            trees(std::get<json>(want), std::get<json>(got), name);
    }
    void fail(const std::string& why) { verdict_.fail(why); }

  private:
    void number(double want, double got, const std::string& place) {
        double deviation = std::abs(got - want);
        if (std::isnan(want) && std::isnan(got))
            deviation = 0;
        else if (std::isinf(want) && want == got)
            deviation = 0;
        else if (!std::isfinite(deviation))
            deviation = std::numeric_limits<double>::infinity();
        double allowed = rule_.abs + rule_.rel * (std::isfinite(want) ? std::abs(want) : 0);
        if (rule_.ulps > 0) allowed = rule_.ulps * ulpOfHalf(want);
        if (!verdict_.within(name_, deviation, allowed))
            fail(place + ": got " + json(got).dump() + ", want " + json(want).dump() + ", allowed " +
                 json(allowed).dump());
    }
    // Whole numbers may be too large for a double.
    void whole(std::int64_t want, std::int64_t got, const std::string& place) {
        if (want == got || rule_.abs > 0 || rule_.rel > 0)
            number(double(want), double(got), place);
        else {
            verdict_.within(name_, std::abs(double(want) - double(got)), 0);
            fail(place + ": got " + std::to_string(got) + ", want " + std::to_string(want));
        }
    }
    // At least a share of the elements must be close; the rest may be anything.
    void most(const Value& want, const Value& got, const std::optional<Tensor>& counting) {
        const auto *wanted = std::get_if<Tensor>(&want), *found = std::get_if<Tensor>(&got);
        if (!wanted || !found || wanted->shape != found->shape)
            return fail(name_ + ": not two arrays of one shape" +
                        (found ? ": " + tensorfile::toString(found->shape) : ""));
        const auto a = wanted->toDouble(), b = found->toDouble();
        const auto counts = counting ? counting->toDouble() : std::vector<double>(a.size(), 1);
        std::size_t all = 0, far = 0;
        for (std::size_t i = 0; i < a.size() && i < counts.size(); ++i) {
            if (counts[i] == 0) continue;
            ++all;
            far += !(std::abs(a[i] - b[i]) <= rule_.abs + rule_.rel * std::abs(a[i]));
        }
        const double allowed = (1 - rule_.fraction) * double(all);
        rule_ = {};
        rule_.abs = allowed;
        number(0, double(far), name_ + ": elements that differ");
    }
    void tensors(const Tensor& want, const Tensor& got) {
        if (want.shape != got.shape)
            return fail(name_ + ": got shape " + tensorfile::toString(got.shape) + ", want " +
                        tensorfile::toString(want.shape));
        const auto place = [&](std::size_t i) { return name_ + "[" + std::to_string(i) + "]"; };
        if (isWhole(want) && isWhole(got)) {
            const auto a = want.toInt(), b = got.toInt();
            for (std::size_t i = 0; i < a.size(); ++i) whole(a[i], b[i], verdict_.passed ? place(i) : std::string());
        } else {
            const auto a = want.toDouble(), b = got.toDouble();
            for (std::size_t i = 0; i < a.size(); ++i) number(a[i], b[i], verdict_.passed ? place(i) : std::string());
        }
        if (verdict_.share < 0) number(0, 0, name_);  // no elements: nothing deviates
    }
    void trees(const json& want, const json& got, const std::string& place) {
        if (want.is_number_integer() && got.is_number_integer())
            whole(want.get<std::int64_t>(), got.get<std::int64_t>(), place);
        else if (isNumber(want) && isNumber(got))
            number(realNumber(want), realNumber(got), place);
        else if (want.is_array() && got.is_array()) {
            if (want.size() != got.size())
                return fail(place + ": got " + std::to_string(got.size()) + " entries, want " +
                            std::to_string(want.size()));
            for (std::size_t i = 0; i < want.size(); ++i) trees(want[i], got[i], place + "[" + std::to_string(i) + "]");
        } else if (want.is_object() && got.is_object()) {
            for (const auto& [key, value] : want.items()) {
                if (!got.contains(key)) {
                    fail(place + "." + key + " was not computed");
                    continue;
                }
                const Rule outer = rule_;
                rule_ = ruleByStem(tolerance_, key).value_or(outer);
                trees(value, got[key], place + "." + key);
                rule_ = outer;
            }
        } else if (want == got) {
            number(0, 0, place);
        } else {
            fail(place + ": got " + got.dump().substr(0, 60) + ", want " + want.dump().substr(0, 60));
        }
    }
    // Nested lists of numbers as an array.
    Tensor flattened(const json& value) {
        tensorfile::Shape shape;
        for (const json* level = &value; level->is_array(); level = &level->front()) {
            shape.push_back(std::int64_t(level->size()));
            if (level->empty()) break;
        }
        std::vector<double> numbers;
        collect(value, numbers);
        std::int64_t count = 1;
        for (const std::int64_t extent : shape) count *= extent;
        if (count != std::int64_t(numbers.size()))
            throw Error(ErrorKind::Format, {"{name} is not a regular array", {{"name", name_}}});
        return Tensor::from(shape, numbers);
    }
    void collect(const json& value, std::vector<double>& numbers) {
        if (!value.is_array()) return numbers.push_back(realNumber(value));
        for (const json& inner : value) collect(inner, numbers);
    }

    Verdict& verdict_;
    const json& tolerance_;
    std::string name_;
    Rule rule_;
};

// The outputs by name; "tensors": "file.safetensors#prefix" stands for all entries prefix/<name>.
std::map<std::string, json> expectations(const GoldenCase& golden) {
    std::map<std::string, json> result;
    for (const auto& [name, value] : golden.outputs.items()) {
        if (name != "tensors" || !isTensorReference(value)) {
            result[name] = value;
            continue;
        }
        const std::string reference = value.get<std::string>();
        for (const std::string& entry : tensorsBelow(golden.folder, reference)) result[entry] = reference + "/" + entry;
    }
    return result;
}

}  // namespace

bool Verdict::within(const std::string& output, double off, double allowed) {
    const double used = off == 0 ? 0 : allowed > 0 ? off / allowed : std::numeric_limits<double>::infinity();
    if (used > share) {
        share = used;
        worst = output;
        deviation = off;
    }
    return used <= 1;
}

void Verdict::fail(const std::string& reason) {
    if (passed) why = reason;
    passed = false;
}

Verdict compare(const GoldenCase& golden, const Values& computed) {
    Verdict verdict;
    Comparison comparison(verdict, golden.tolerance);
    const std::map<std::string, json> wanted = expectations(golden);
    int compared = 0;
    for (const auto& [name, expected] : wanted) {
        const Rule rule = ruleFor(golden.tolerance, name);
        if (rule.info) continue;
        ++compared;
        const auto found = computed.find(name);
        if (found == computed.end()) {
            comparison.fail(name + " was not computed");
            continue;
        }
        Value want = expected;
        if (isTensorReference(expected)) want = tensorAt(golden.folder, expected.get<std::string>());
        std::optional<Tensor> counting;
        if (!rule.where.empty()) counting = tensorAt(golden.folder, wanted.at(rule.where).get<std::string>());
        comparison.output(name, rule, want, found->second, counting);
    }
    if (compared == 0) comparison.fail("the case expects nothing");
    return verdict;
}

}  // namespace fovea::parity
