#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/image_source.h"
#include "project/case.h"
#include "project/lock.h"
#include "project/stage.h"

namespace fovea::project {

// How an image is opened: `app` gives the formats' open(). `cache` is a folder for decoded copies.
using ImageOpener = std::function<ImagePtr(const std::string& path, int timepoint, const std::filesystem::path& cache)>;

struct NewCase {
    std::string id = {};  // empty = from the file name
    int timepoint = 0;
    std::vector<std::string> channelNames = {};
    std::optional<Vec3> spacing = {};
    std::string test = {};  // "Z0:Z1,Y0:Y1,X0:X1", empty = nothing held out
    std::int64_t guard = 0;
};

// The test box of a case with its guard, clipped to the image, then its check boxes; empty when nothing is held out.
std::vector<HeldOut> heldOutOf(const Case& c);

enum class Access { Write, Read };

// Project folder: project.fovea {schema, program, cases, options, active_round, …}, cases/<id>/{split.json, journal,
// …}, rounds/<r>/<stage>/[<case>/] each with manifest.json, cache/, work/, lock. Thread-safe; cases are given out as
// values.
class Project {
  public:
    static constexpr int schema = 1;

    // A new project; the folder may exist when empty. Throws Error(Input) when it holds a project already.
    static std::unique_ptr<Project> create(const std::filesystem::path& folder, ImageOpener opener);
    // Throws Error(Missing) when it is no project, Error(Input) when another program writes to it. A project of a newer
    // schema opens for reading only, with the reason in notice().
    static std::unique_ptr<Project> open(const std::filesystem::path& folder, ImageOpener opener,
                                         Access access = Access::Write);
    // True when `folder` holds a project.fovea.
    static bool isProject(const std::filesystem::path& folder);

    const std::filesystem::path& folder() const { return folder_; }
    bool readOnly() const { return lock_ == nullptr; }
    const Text& notice() const { return notice_; }
    const ImageOpener& opener() const { return opener_; }

    std::vector<Case> cases() const;
    std::vector<std::string> caseIds() const;
    Case caseOf(const std::string& id) const;  // throws Error(Input) with the nearest name
    // Opens the image, computes its identity and stores the case. The same image and time point twice is an
    // Error(Input).
    Case addCase(const std::string& path, const NewCase& details = {});
    // Takes a case out again, with its own folder; what rounds hold of it stays. For images that turned out unusable.
    void removeCase(const std::string& caseId);
    // Says how large the image's voxels are (µm), in place of what its file says or does not say; image() gives them
    // from now on. What the active round made is stale then, a finished round stays as it is. Throws Error(Input) for a
    // size that is none.
    void setSpacing(const std::string& caseId, const Vec3& spacing);
    // Chooses what is held out. Throws Error(Input) once anything has been made from the case's image.
    void setHeldOut(const std::string& caseId, const Box& test, std::int64_t guard);
    // Adds check boxes, drawn before anybody labelled them; those known already stay as they are, none is ever taken
    // back. Throws Error(Input) for a box that does not lie in the image.
    void holdOutForCheck(const std::string& caseId, const std::vector<CheckBox>& boxes);
    std::vector<HeldOut> heldOut(const std::string& caseId) const;
    // The image with the case's spacing and channel names. Throws Error(Missing) when the file is gone, Error(Input)
    // when it is another image than at import.
    ImagePtr image(const std::string& caseId) const;
    std::filesystem::path imagePath(const Case& c) const;  // absolute
    // Journal, objects and split of a case: what an EditSession is opened on.
    std::filesystem::path caseFolder(const std::string& caseId) const;
    std::filesystem::path cacheFolder() const { return folder_ / "cache"; }
    std::filesystem::path workFolder() const { return folder_ / "work"; }

    // Chosen options of a stage over its defaults.
    Options optionsOf(const Stage& stage) const;
    void setOptions(const Stage& stage, const nlohmann::json& values);             // replaces what is named
    void assign(const Stage& stage, const std::vector<std::string>& assignments);  // "key=value"
    std::uint64_t seed() const;
    void setSeed(std::uint64_t seed);

    // Rounds. Beginning one finishes all before it: what they hold never changes and is never stale.
    int activeRound() const;
    int lastRound() const;
    bool finished(int round) const { return round < lastRound(); }
    int beginRound();          // the new active round
    void activate(int round);  // throws Error(Input) when there is no such round
    // The round that was active when `round` began, −1 for round 0; the active one for the round that comes next.
    int parentOf(int round) const;
    std::filesystem::path roundFolder(int round) const;

    // The round whose objects are shown and exported; 0 = what was found without a person. The active one until a round
    // was scored.
    int inUse() const;
    // Puts a round to use by hand: settle() of the last round changes nothing about it any more.
    void use(int round);  // throws Error(Input) when there is no such round
    // What scoring a round says: promoted → it is put to use, else the one before stays. Only the last round is
    // settled.
    void settle(int round, bool promoted);
    // The round that was in use when `round` began; 0 for round 0.
    int rivalOf(int round) const;

    // Throws Error(Input) when open for reading only.
    void requireWritable() const;

  private:
    Project(std::filesystem::path folder, ImageOpener opener);
    void load();
    void save() const;
    void writeSplit(const Case& c) const;
    const Case& find(const std::string& id) const;
    void verify(const Case& c, const ImageInfo& info) const;

    std::filesystem::path folder_;
    ImageOpener opener_;
    std::unique_ptr<Lock> lock_;
    Text notice_;
    mutable std::recursive_mutex mutex_;
    std::vector<Case> cases_;
    nlohmann::json options_ = nlohmann::json::object();
    std::uint64_t seed_ = 0;
    int activeRound_ = 0;
    std::vector<int> parents_{-1};  // per round: the one that was active when it began
    std::vector<int> rivals_{0};    // per round: the one that was in use when it began
    int inUse_ = -1;                // −1: no round was scored yet
    int chosenIn_ = -1;             // the last round when a person chose which one to use; −1 = never
    mutable std::map<std::string, std::weak_ptr<const ImageSource>> images_;
};

}  // namespace fovea::project
