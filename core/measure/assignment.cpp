#include "measure/assignment.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

namespace fovea::measure {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

// Every left node must go somewhere: to a right node at cost top − weight, or to a place of its own at cost `top`. The
// cheapest such assignment is the heaviest one. Left nodes are added one by one along shortest augmenting paths.
class Assigner {
  public:
    Assigner(std::int64_t left, std::int64_t right, const std::vector<WeightedEdge>& edges)
        : edges_(edges),
          begin_(std::size_t(left + 1), 0),
          order_(edges.size()),
          edgeOfLeft_(std::size_t(left), -1),
          edgeOfRight_(std::size_t(right), -1),
          leftPrice_(std::size_t(left), 0),
          rightPrice_(std::size_t(right), 0),
          distance_(std::size_t(right), never),
          via_(std::size_t(right), -1),
          settled_(std::size_t(right), 0) {
        for (const WeightedEdge& e : edges) {
            ++begin_[std::size_t(e.left + 1)];
            top_ = std::max(top_, e.weight);
        }
        for (std::int64_t i = 0; i < left; ++i) begin_[i + 1] += begin_[i];
        std::vector<std::int64_t> next(begin_.begin(), begin_.end() - 1);
        for (std::size_t i = 0; i < edges.size(); ++i) order_[std::size_t(next[edges[i].left]++)] = std::int64_t(i);
    }

    std::vector<std::int64_t> run() {
        for (std::size_t i = 0; i < edgeOfLeft_.size(); ++i) add(std::int64_t(i));
        return edgeOfLeft_;
    }

  private:
    // Dijkstra from `start` over reduced costs until a free right node or somebody's own place is nearest.
    void add(std::int64_t start) {
        using Item = std::pair<double, std::int64_t>;
        std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
        std::vector<std::pair<std::int64_t, double>> reached{{start, 0.0}};  // left nodes and their distance
        std::vector<std::int64_t> touched;
        double best = never;                    // the nearest own place …
        std::int64_t retiring = -1, free = -1;  // … and who goes there; or the free right node that is nearer
        const auto expand = [&](std::int64_t l, double d) {
            if (const double own = d + top_ - leftPrice_[l]; own < best) best = own, retiring = l;
            for (std::int64_t k = begin_[l]; k < begin_[l + 1]; ++k) {
                const WeightedEdge& e = edges_[std::size_t(order_[k])];
                const double through = d + (top_ - e.weight) - leftPrice_[l] - rightPrice_[e.right];
                if (settled_[e.right] || through >= distance_[e.right]) continue;
                if (distance_[e.right] == never) touched.push_back(e.right);
                distance_[e.right] = through;
                via_[e.right] = order_[k];
                queue.push({through, e.right});
            }
        };
        expand(start, 0);
        while (!queue.empty() && queue.top().first < best) {
            const auto [d, r] = queue.top();
            queue.pop();
            if (settled_[r] || d > distance_[r]) continue;
            settled_[r] = 1;
            if (edgeOfRight_[r] < 0) {
                free = r, best = d;
                break;
            }
            const std::int64_t l = edges_[std::size_t(edgeOfRight_[r])].left;
            reached.push_back({l, d});
            expand(l, d);
        }
        for (auto [l, d] : reached) leftPrice_[l] += best - d;
        for (std::int64_t r : touched)
            if (settled_[r]) rightPrice_[r] -= best - distance_[r];
        augment(start, free, retiring);
        for (std::int64_t r : touched) distance_[r] = never, settled_[r] = 0;
    }

    // Turns the path round: every left node on it takes the right node it came through.
    void augment(std::int64_t start, std::int64_t free, std::int64_t retiring) {
        std::int64_t r = free;
        if (free < 0) {
            if (retiring == start) return;
            r = edges_[std::size_t(edgeOfLeft_[retiring])].right;
            edgeOfLeft_[retiring] = -1;
        }
        while (true) {
            const std::int64_t edge = via_[r], l = edges_[std::size_t(edge)].left, given = edgeOfLeft_[l];
            edgeOfLeft_[l] = edge;
            edgeOfRight_[r] = edge;
            if (l == start) return;
            r = edges_[std::size_t(given)].right;
        }
    }

    const std::vector<WeightedEdge>& edges_;
    std::vector<std::int64_t> begin_, order_;  // edges by left node
    std::vector<std::int64_t> edgeOfLeft_, edgeOfRight_;
    std::vector<double> leftPrice_, rightPrice_, distance_;
    std::vector<std::int64_t> via_;
    std::vector<char> settled_;
    double top_ = 0;
};

}  // namespace

std::vector<std::int64_t> assignSparse(std::int64_t left, std::int64_t right, const std::vector<WeightedEdge>& edges) {
    return Assigner(left, right, edges).run();
}

}  // namespace fovea::measure
