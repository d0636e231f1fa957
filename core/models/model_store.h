#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "models/known_models.h"

namespace fovea::models {

// A model's file that is kept. <folder>/<model>/<part>/ holds it beside part.json, which says this.
struct KeptFile {
    std::string part = {};  // as in KnownFile
    std::filesystem::path path = {};
    std::uint64_t bytes = 0;
    std::string sha256 = {};
    std::string network = {};  // see Recognised::network
    std::string title = {};    // for models that are not known: how the person's file was called
    std::string origin = {};   // address or path it came from
    std::string added = {};    // date, UTC
};

enum class State { Ready, Missing, Damaged };
const char* name(State state);  // "ready", "missing", "damaged"

struct Model {
    std::string id, title;
    const KnownModel* known = nullptr;  // null: added by the person
    Role role = Role::Prompts;
    const Licence* licence = nullptr;
    std::optional<std::string> accepted = {};  // when the licence was, for restricted ones
    std::vector<KeptFile> files = {};
    State state = State::Missing;
    Text why = {};  // when damaged, or when a part is missing

    bool usable() const { return state == State::Ready && (!licence->restricted || accepted); }
    // Bytes on disk, or to fetch while it is missing.
    std::uint64_t bytes() const;
};

// The models of one person: a folder that several programs may use at once; everything in it appears whole or not at
// all.
class ModelStore {
  public:
    // The folder need not be there. `known` must live on.
    explicit ModelStore(std::filesystem::path folder = defaultFolder(),
                        const std::vector<KnownModel>& known = knownModels());

    // Variable FOVEA_MODELS, else fovea/models in XDG_DATA_HOME, else in ~/.local/share. Throws Error(Input) where
    // there is no home.
    static std::filesystem::path defaultFolder();

    const std::filesystem::path& folder() const { return folder_; }
    const std::vector<KnownModel>& known() const { return known_; }

    // Known models in the table's order, then the person's by name. Looks at sizes only.
    std::vector<Model> list() const;
    // Throws Error(Missing) naming the nearest id.
    Model find(const std::string& id) const;
    // The same after comparing what is kept with its hash. Throws also Cancelled.
    Model verified(const std::string& id, Job& job) const;
    // The file to load for one part. Throws Error(Missing | Format) for a model that is not whole, Error(Input) when
    // its licence was not accepted; all say what to do.
    std::filesystem::path file(const std::string& id, const std::string& part = "model") const;

    // Deletes its files; a known one can be added again. Throws Error(Missing) when there is nothing to delete.
    void remove(const std::string& id);

    // When this licence was accepted, UTC.
    std::optional<std::string> accepted(const Licence& licence) const;
    void accept(const Licence& licence);
    // Throws Error(Input) that says what it allows and how to accept it, for a restricted one that was not.
    void demandAccepted(const Licence& licence, const std::string& title) const;

    // For add_model: moves the file `staged` (in a folder of stagingFolder()) to its place under the record.
    void keep(const std::string& id, const std::filesystem::path& staged, KeptFile record);
    // An id for the person's own file, not yet taken.
    std::string freeId(const std::string& fileName) const;

  private:
    std::optional<Model> read(const std::string& id) const;
    const KnownModel* knownById(const std::string& id) const;
    std::vector<std::string> ownIds() const;
    std::filesystem::path licencesFile() const { return folder_ / "licences.json"; }

    std::filesystem::path folder_;
    const std::vector<KnownModel>& known_;
};

// A folder of its own below a store's, on the same disk as the models; deleted at the end of scope. Leftovers of
// programs that were killed are swept away after a day.
class StagingFolder {
  public:
    explicit StagingFolder(const ModelStore& store);
    ~StagingFolder();
    StagingFolder(const StagingFolder&) = delete;
    StagingFolder& operator=(const StagingFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace fovea::models
