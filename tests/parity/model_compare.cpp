#include "parity/model_compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace fovea::parity {

using tensorfile::Tensor;

namespace {

double largest(const std::vector<double>& values) {
    double most = 0;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
}

// NaN where one of the two is none; two of them agree.
double distance(double want, double got) {
    if (want == got || (std::isnan(want) && std::isnan(got))) return 0;
    const double d = std::abs(got - want);
    return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

std::vector<double> sampled(const std::vector<double>& all, std::size_t count) {
    std::vector<double> values;
    for (std::size_t j = 0; j < count; ++j) values.push_back(all.at((2 * j + 1) * all.size() / (2 * count)));
    return values;
}

class ModelComparison {
  public:
    ModelComparison(Verdict& verdict, double tolerance) : verdict_(verdict), tolerance_(tolerance) {}

    void tensor(const std::string& name, const json& rule, const Tensor& stored, const Tensor& computed) {
        name_ = name;
        const tensorfile::Shape shape = wholeNumbers(member(rule, "shape"));
        if (computed.shape != shape)
            return fail("got shape " + tensorfile::toString(computed.shape) + ", want " + tensorfile::toString(shape));
        const std::vector<double> want = stored.toDouble(), all = computed.toDouble();
        const bool samples = rule.contains("stored");
        const std::vector<double> got = samples ? sampled(all, want.size()) : all;
        if (got.size() != want.size()) return fail("another number of elements is stored");
        const std::string compare = member(rule, "compare").get<std::string>();
        if (compare == "exact")
            close(want, got, 0);
        else if (compare == "fraction")
            most(want, got, 0, 1 - realNumber(member(rule, "min_agreement")));
        else if (compare == "mostly")
            most(want, got, allowed(rule, want), realNumber(member(rule, "max_fraction_off")));
        else if (compare == "partition")
            partition(want, got, rule);
        else if (compare == "rel") {
            close(want, got, allowed(rule, want));
            if (samples) whole(rule, all);
        } else
            fail("unknown comparison " + compare);
    }
    void fail(const std::string& why) { verdict_.fail(name_ + ": " + why); }
    void missing(const std::string& name) {
        name_ = name;
        fail("was not computed");
    }

  private:
    double allowed(const json& rule, const std::vector<double>& want) const {
        if (rule.contains("abs_tol")) return realNumber(rule["abs_tol"]);
        const double scale = rule.contains("max_abs") ? realNumber(rule["max_abs"]) : largest(want);
        return (rule.contains("rel_tol") ? realNumber(rule["rel_tol"]) : tolerance_) * scale;
    }
    void note(double deviation, double bound, const std::string& why) {
        if (!verdict_.within(name_, deviation, bound)) fail(why + ", allowed " + json(bound).dump());
    }
    void close(const std::vector<double>& want, const std::vector<double>& got, double bound) {
        std::size_t worst = 0;
        double most = 0;
        for (std::size_t i = 0; i < want.size(); ++i)
            if (const double d = distance(want[i], got[i]); d > most) most = d, worst = i;
        note(most, bound,
             want.empty() ? ""
                          : "[" + std::to_string(worst) + "] got " + json(got[worst]).dump() + ", want " +
                                json(want[worst]).dump());
    }
    // Bounds on each element bound these two means as well.
    void whole(const json& rule, const std::vector<double>& all) {
        const double n = double(all.size()), bound = allowed(rule, {});
        const double sum = std::accumulate(all.begin(), all.end(), 0.0);
        const double absolute =
            std::accumulate(all.begin(), all.end(), 0.0, [](double s, double v) { return s + std::abs(v); });
        note(distance(realNumber(member(rule, "sum")) / n, sum / n), bound, "another mean");
        note(distance(realNumber(member(rule, "mean_abs")), absolute / n), bound, "another mean absolute value");
    }
    void most(const std::vector<double>& want, const std::vector<double>& got, double bound, double share) {
        std::size_t far = 0;
        for (std::size_t i = 0; i < want.size(); ++i) far += distance(want[i], got[i]) > bound;
        note(double(far), share * double(want.size()), std::to_string(far) + " elements differ");
    }
    // Reference labels take, one to one, the computed label they share most pixels with; background is background.
    void partition(const std::vector<double>& want, const std::vector<double>& got, const json& rule) {
        std::map<double, std::map<double, std::size_t>> overlaps;
        std::map<double, bool> found;
        for (std::size_t i = 0; i < want.size(); ++i) {
            ++overlaps[want[i]][got[i]];
            if (got[i] != 0) found[got[i]] = false;
        }
        if (std::int64_t(found.size()) != wholeNumber(member(rule, "count")))
            fail(std::to_string(found.size()) + " labels, want " + member(rule, "count").dump());
        std::size_t agree = 0;
        for (const auto& [label, shares] : overlaps) {
            const auto* best = &*shares.begin();
            for (const auto& share : shares)
                if (share.second > best->second) best = &share;
            if ((label == 0) != (best->first == 0) || (label != 0 && std::exchange(found[best->first], true))) continue;
            agree += best->second;
        }
        note(double(want.size() - agree), (1 - realNumber(member(rule, "min_agreement"))) * double(want.size()),
             std::to_string(want.size() - agree) + " pixels under other labels");
    }

    Verdict& verdict_;
    double tolerance_;
    std::string name_;
};

}  // namespace

bool isModelCase(const GoldenCase& golden) { return golden.outputs.is_string() && golden.entry.contains("tensors"); }

Verdict compareModel(const GoldenCase& golden, const Values& computed) {
    Verdict verdict;
    ModelComparison comparison(verdict, realNumber(member(golden.tolerance, golden.precision.c_str())));
    const json& wanted = member(golden.entry, "tensors");
    for (const auto& [name, rule] : wanted.items()) {
        const auto found = computed.find(name);
        if (found == computed.end())
            comparison.missing(name);
        else
            comparison.tensor(name, rule, tensorAt(golden.folder, golden.outputs.get<std::string>() + name),
                              std::get<Tensor>(found->second));
    }
    if (wanted.empty()) comparison.fail("the case expects nothing");
    return verdict;
}

}  // namespace fovea::parity
