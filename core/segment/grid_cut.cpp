#include "segment/grid_cut.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <vector>

namespace fovea::segment {
namespace {

constexpr int neighbours = 6;  // 2 · axis: the one before, 2 · axis + 1: the one after
constexpr int opposite(int d) { return d ^ 1; }
constexpr std::int8_t toTerminal = 6, orphan = 7, none = 8;  // in place of the direction of a parent

enum class Tree : std::uint8_t { None, Source, Sink };

// What is left to flow through a voxel that has to be decided.
struct Node {
    std::array<std::int32_t, neighbours> beside{-1, -1, -1, -1, -1, -1};
    std::array<std::int32_t, neighbours> left{};  // towards each neighbour
    std::int64_t terminal = 0;                    // from the source where > 0, to the sink where < 0
    std::int32_t distance = 0, stamp = 0;         // steps to the terminal, and when that was known
    Tree tree = Tree::None;
    std::int8_t parent = none;
    bool waiting = false;
};

// Two trees grow from the source and the sink; where they meet flow is sent, which may cut branches off; they are taken
// up by other parents of their tree or set free.
class Cut {
  public:
    explicit Cut(std::vector<Node>& nodes) : nodes_(nodes) {}

    void run(Job& job) {
        for (std::int32_t i = 0; i < std::int32_t(nodes_.size()); ++i) {
            Node& n = nodes_[std::size_t(i)];
            if (n.terminal == 0) continue;
            n.tree = n.terminal > 0 ? Tree::Source : Tree::Sink, n.parent = toTerminal, n.distance = 1;
            wake(i);
        }
        while (!waiting_.empty()) {
            const std::int32_t i = waiting_.front();
            if (at(i).tree == Tree::None || !meet(i)) {
                at(i).waiting = false;
                waiting_.pop_front();
                continue;
            }
            job.check();
            ++time_;
            augment();
            adopt();
        }
    }

  private:
    Node& at(std::int32_t i) { return nodes_[std::size_t(i)]; }
    void wake(std::int32_t i) {
        if (at(i).waiting) return;
        at(i).waiting = true, waiting_.push_back(i);
    }
    // What can still flow between a voxel and its neighbour `d`, away from the source in both trees.
    std::int32_t open(std::int32_t i, int d, Tree tree) {
        return tree == Tree::Source ? at(i).left[d] : at(at(i).beside[d]).left[opposite(d)];
    }
    bool meet(std::int32_t i);
    void augment();
    void adopt();
    bool rooted(std::int32_t i, std::int32_t& steps);

    std::vector<Node>& nodes_;
    std::deque<std::int32_t> waiting_, orphans_;
    std::int32_t time_ = 0;
    std::int32_t source_ = -1;  // where the trees met: in the tree of the source, and from there on to that of the sink
    int towards_ = 0;
};

bool Cut::meet(std::int32_t i) {
    const Tree tree = at(i).tree;
    for (int d = 0; d < neighbours; ++d) {
        const std::int32_t j = at(i).beside[d];
        if (j < 0 || open(i, d, tree) == 0) continue;
        Node &n = at(i), &m = at(j);
        if (m.tree == Tree::None) {
            m.tree = tree, m.parent = std::int8_t(opposite(d));
            m.distance = n.distance + 1, m.stamp = n.stamp;
            wake(j);
        } else if (m.tree != tree) {
            source_ = tree == Tree::Source ? i : j;
            towards_ = tree == Tree::Source ? d : opposite(d);
            return true;
        } else if (m.stamp <= n.stamp && m.distance > n.distance + 1) {
            m.parent = std::int8_t(opposite(d)), m.distance = n.distance + 1, m.stamp = n.stamp;
        }
    }
    return false;
}

void Cut::augment() {
    const std::int32_t sink = at(source_).beside[towards_];
    std::int64_t flow = at(source_).left[towards_];
    std::int32_t i = source_;
    for (; at(i).parent != toTerminal; i = at(i).beside[at(i).parent])
        flow = std::min<std::int64_t>(flow, at(at(i).beside[at(i).parent]).left[opposite(at(i).parent)]);
    flow = std::min(flow, at(i).terminal);
    for (i = sink; at(i).parent != toTerminal; i = at(i).beside[at(i).parent])
        flow = std::min<std::int64_t>(flow, at(i).left[at(i).parent]);
    flow = std::min(flow, -at(i).terminal);

    const auto send = [&](std::int32_t from, int d) {
        at(from).left[d] -= std::int32_t(flow), at(at(from).beside[d]).left[opposite(d)] += std::int32_t(flow);
        return at(from).left[d] == 0;
    };
    const auto cutOff = [&](std::int32_t v) { at(v).parent = orphan, orphans_.push_back(v); };
    send(source_, towards_);
    for (i = source_; at(i).parent != toTerminal;) {
        const int d = at(i).parent;
        const std::int32_t up = at(i).beside[d];
        if (send(up, opposite(d))) cutOff(i);
        i = up;
    }
    at(i).terminal -= flow;
    if (at(i).terminal == 0) cutOff(i);
    for (i = sink; at(i).parent != toTerminal;) {
        const int d = at(i).parent;
        const std::int32_t up = at(i).beside[d];
        if (send(i, d)) cutOff(i);
        i = up;
    }
    at(i).terminal += flow;
    if (at(i).terminal == 0) cutOff(i);
}

// Whether a voxel still hangs on its terminal, and how many steps from it. Notes that along the way.
bool Cut::rooted(std::int32_t i, std::int32_t& steps) {
    steps = 0;
    std::int32_t j = i;
    for (;; j = at(j).beside[at(j).parent], ++steps) {
        if (at(j).stamp == time_) {
            steps += at(j).distance;
            break;
        }
        if (at(j).parent == orphan || at(j).parent == none) return false;
        if (at(j).parent == toTerminal) {
            at(j).stamp = time_, at(j).distance = 1, ++steps;
            break;
        }
    }
    std::int32_t d = steps;
    for (j = i; at(j).stamp != time_; j = at(j).beside[at(j).parent]) at(j).stamp = time_, at(j).distance = d--;
    return true;
}

void Cut::adopt() {
    while (!orphans_.empty()) {
        const std::int32_t i = orphans_.front();
        orphans_.pop_front();
        const Tree tree = at(i).tree;
        // Capacities towards the voxel now: from a parent in the tree of the source, to it in that of the sink.
        const auto from = [&](int d) {
            return tree == Tree::Source ? at(at(i).beside[d]).left[opposite(d)] : at(i).left[d];
        };
        std::int32_t nearest = std::numeric_limits<std::int32_t>::max();
        int parent = none;
        for (int d = 0; d < neighbours; ++d) {
            const std::int32_t j = at(i).beside[d];
            if (j < 0 || at(j).tree != tree || from(d) == 0) continue;
            std::int32_t steps = 0;
            if (rooted(j, steps) && steps < nearest) nearest = steps, parent = d;
        }
        if (parent != none) {
            at(i).parent = std::int8_t(parent), at(i).stamp = time_, at(i).distance = nearest + 1;
            continue;
        }
        for (int d = 0; d < neighbours; ++d) {
            const std::int32_t j = at(i).beside[d];
            if (j < 0 || at(j).tree != tree) continue;
            if (from(d) > 0) wake(j);
            if (at(j).parent == opposite(d)) at(j).parent = orphan, orphans_.push_back(j);
        }
        at(i).tree = Tree::None, at(i).parent = none;
    }
}

// The open voxels of a volume, numbered in C order.
class Open {
  public:
    explicit Open(const Volume<Side>& sides) : n_(sides.shape()) {
        const Side* all = sides.data();
        for (std::int64_t z = 0, i = 0; z < n_.z; ++z)
            for (std::int64_t y = 0; y < n_.y; ++y, i += n_.x)
                for (const Side* at = all + i; (at = std::find(at, all + i + n_.x, Side::Open)) != all + i + n_.x; ++at)
                    voxels_.push_back({z, y, at - all - i});
        Box box;
        for (const Index& v : voxels_) box = box.united({v, v + Index{1, 1, 1}});
        box_ = box.grown({1, 1, 1}).intersected(Box::of(n_));  // neighbours are looked up too
        if (voxels_.empty()) return;
        numbers_ = Volume<std::int32_t>(box_.extent(), -1);
        for (std::size_t k = 0; k < voxels_.size(); ++k) numbers_[voxels_[k] - box_.begin] = std::int32_t(k);
    }
    const std::vector<Index>& voxels() const { return voxels_; }
    // −1 for a neighbour that isn't open.
    std::int32_t number(Index v) const { return numbers_[v - box_.begin]; }
    // Calls f(axis, voxel, next) for every face of an open voxel.
    template <class F>
    void forFaces(F&& f) const {
        for (const Index& v : voxels_)
            for (int axis = 0; axis < 3; ++axis) {
                Index before = v, next = v;
                --before[axis], ++next[axis];
                if (v[axis] > 0 && number(before) < 0) f(axis, before, v);
                if (next[axis] < n_[axis]) f(axis, v, next);
            }
    }

  private:
    const Index n_;
    std::vector<Index> voxels_;
    Box box_;
    Volume<std::int32_t> numbers_;
};

}  // namespace

double cutCheapest(Volume<Side>& sides, const FaceCosts& costs, std::int32_t voxelOutside, Job& job) {
    const Open open(sides);
    Node undecided;
    undecided.terminal = voxelOutside;
    std::vector<Node> nodes(open.voxels().size(), undecided);
    open.forFaces([&](int axis, Index v, Index next) {
        const std::int32_t a = open.number(v), b = open.number(next);
        const Side before = sides[v], after = sides[next];
        if (before == Side::None || after == Side::None) return;
        const FaceCost cost = costs(v, axis);
        if (a >= 0 && b >= 0) {
            Node &m = nodes[std::size_t(a)], &k = nodes[std::size_t(b)];
            m.beside[2 * axis + 1] = b, m.left[2 * axis + 1] = cost.up;
            k.beside[2 * axis] = a, k.left[2 * axis] = cost.down;
        } else if (a >= 0) {
            nodes[std::size_t(a)].terminal += after == Side::Inside ? cost.down : -cost.up;
        } else {
            nodes[std::size_t(b)].terminal += before == Side::Inside ? cost.up : -cost.down;
        }
    });
    Cut(nodes).run(job);
    for (std::size_t k = 0; k < nodes.size(); ++k)
        sides[open.voxels()[k]] = nodes[k].tree == Tree::Source ? Side::Inside : Side::Outside;
    double sum = 0, faces = 0;
    open.forFaces([&](int axis, Index v, Index next) {
        const Side before = sides[v], after = sides[next];
        if (before == Side::None || after == Side::None || before == after) return;
        const FaceCost cost = costs(v, axis);
        sum += before == Side::Inside ? cost.up : cost.down, ++faces;
    });
    return faces > 0 ? sum / (faces * costUnit) : 0;
}

}  // namespace fovea::segment
