#include "parity/compare.h"

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
};

Rule ruleFor(const json& tolerance, const std::string& output) {
    const json* rule = nullptr;
    if (tolerance.is_object() && tolerance.contains(output))
        rule = &tolerance[output];
    else if (tolerance.is_object() && tolerance.contains("default"))
        rule = &tolerance["default"];
    if (rule == nullptr || *rule == "exact") return {};
    if (*rule == "info") return {true, 0, 0};
    if (!rule->is_object()) throw Error(ErrorKind::Format, {"unknown tolerance {rule}", {{"rule", rule->dump()}}});
    return {false, rule->value("abs", 0.0), rule->value("rel", 0.0)};
}

bool isWhole(const Tensor& tensor) { return tensor.type <= ElementType::I64; }
bool isNumber(const json& value) { return value.is_number() || value == "nan" || value == "inf" || value == "-inf"; }

class Comparison {
  public:
    explicit Comparison(Verdict& verdict) : verdict_(verdict) {}

    void output(const std::string& name, const Rule& rule, const Value& want, const Value& got) {
        name_ = name;
        rule_ = rule;
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
    void fail(const std::string& why) {
        if (verdict_.passed) verdict_.why = why;
        verdict_.passed = false;
    }

  private:
    void number(double want, double got, const std::string& place) {
        double deviation = std::abs(got - want);
        if (std::isnan(want) && std::isnan(got))
            deviation = 0;
        else if (std::isinf(want) && want == got)
            deviation = 0;
        else if (!std::isfinite(deviation))
            deviation = std::numeric_limits<double>::infinity();
        const double allowed = rule_.abs + rule_.rel * (std::isfinite(want) ? std::abs(want) : 0);
        const double share = deviation == 0 ? 0
                             : allowed > 0  ? deviation / allowed
                                            : std::numeric_limits<double>::infinity();
        if (share > verdict_.share) {
            verdict_.share = share;
            verdict_.worst = name_;
            verdict_.deviation = deviation;
        }
        if (share > 1)
            fail(place + ": got " + json(got).dump() + ", want " + json(want).dump() + ", allowed " +
                 json(allowed).dump());
    }
    // Whole numbers may be too large for a double.
    void whole(std::int64_t want, std::int64_t got, const std::string& place) {
        if (want == got || rule_.abs > 0 || rule_.rel > 0)
            number(double(want), double(got), place);
        else {
            verdict_.share = std::numeric_limits<double>::infinity();
            verdict_.worst = name_;
            verdict_.deviation = std::abs(double(want) - double(got));
            fail(place + ": got " + std::to_string(got) + ", want " + std::to_string(want));
        }
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
                if (got.contains(key))
                    trees(value, got[key], place + "." + key);
                else
                    fail(place + "." + key + " was not computed");
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
    std::string name_;
    Rule rule_;
};

}  // namespace

Verdict compare(const GoldenCase& golden, const Values& computed) {
    Verdict verdict;
    Comparison comparison(verdict);
    int compared = 0;
    for (const auto& [name, expected] : golden.outputs.items()) {
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
        comparison.output(name, rule, want, found->second);
    }
    if (compared == 0) comparison.fail("the case expects nothing");
    return verdict;
}

}  // namespace fovea::parity
