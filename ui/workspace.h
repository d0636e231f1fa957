#pragma once
#include <QObject>
#include <QStringList>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/job_queue.h"
#include "labels/edit_session.h"
#include "project/artifacts.h"
#include "project/runner.h"
#include "segment/prompt_engine.h"

namespace fovea::ui {

// What the window needs from the rest of the program, filled in by app: the window itself knows neither torch nor
// formats.
struct Backend {
    project::StageList stages;
    project::ImageOpener opener;
    std::function<std::vector<std::shared_ptr<const segment::PromptEngine>>()> promptEngines;  // as things stand now
    std::string device = "cpu";                                                                // "cpu", "cuda:0"
    std::string deviceText;  // "AMD EPYC, 2 cores" or the graphics card's name
    bool gpu = false;
    // Writes the sample image into a folder and returns its path; on a worker.
    std::function<std::string(const std::filesystem::path& folder, Job& job)> makeSample;
};

// The open project and the jobs that run on it. One direction: pages ask, jobs run, signals tell. GUI thread.
class Workspace : public QObject {
    Q_OBJECT
  public:
    Workspace(Backend backend, JobQueue& jobs, QObject* parent = nullptr);
    ~Workspace() override;

    const Backend& backend() const { return backend_; }
    JobQueue& jobs() { return jobs_; }
    project::Project* project() { return project_.get(); }
    std::shared_ptr<project::Project> sharedProject() { return project_; }  // for jobs, which may outlive a close
    const project::Artifacts* artifacts() const { return artifacts_.get(); }
    QString projectName() const;

    // Opens a project folder; what went wrong is told by failed(). Closes the present one first.
    void openProject(const QString& folder);
    void closeProject();
    // Makes a project beside the image (or in the user's data folder when that is not writable) and imports into it, or
    // imports into the open one. Runs in the background; imported() follows.
    void openImages(const QStringList& paths);
    // The sample project: made on first use, opened afterwards.
    void openSample();

    // The edits that the person is making now; chains wait until the disk has them.
    void follow(std::weak_ptr<const labels::EditSession> edits) { edits_ = std::move(edits); }
    // Runs stages in order as one background job, on everything the person did before. Refused (returns false) while
    // another chain runs.
    bool runStages(const std::vector<std::string>& stages, const Text& title);
    bool running() const { return chain_ != 0; }
    bool running(const std::string& stage) const;  // a chain that this one is part of
    void stopChain();
    // The chains behind the buttons: find objects; choose which patches to label; learn (begins a round when one is
    // due).
    bool findObjects();
    bool choose();
    bool learn();
    // Scores the round again, after more was labelled in the patches held out for the check.
    bool checkAgain();
    // State of a stage in the active round; Missing without a project. Remembered until a chain starts or a stage ends:
    // edits alone are cheap to follow.
    project::Status statusOf(const std::string& stage) const;
    void forgetStatus() {  // edits may have made exports stale
        status_.clear();
        learned_.clear();
    }
    // What the last finished round knew of a case; empty when none has learned yet.
    struct Learned {
        int decided = 0, patches = 0;  // objects with a verdict; complete patches, without those of the check
    };
    std::optional<Learned> learned(const std::string& caseId) const;
    // Stores how large the voxels of an image are (µm); voxelSizeChanged() follows. Refused (returns false) while a
    // chain reads them.
    bool setVoxelSize(const std::string& caseId, const Vec3& um);
    // Puts another round to use: what is shown and exported. The person's edits stay.
    void useRound(int round);

    QStringList recent() const;

  Q_SIGNALS:
    void projectChanged();                     // opened, closed
    void imported();                           // cases were added
    void roundInUse(int round);                // another one was put to use by hand
    void stageFinished(const QString& stage);  // its artifact is there
    void voxelSizeChanged(const QString& caseId);
    void chainStarted();
    void chainFinished(bool ok, const QString& text);
    void failed(const QString& text);  // what happened, why, what to do
    void said(const QString& text);

  private:
    void adopt(std::shared_ptr<project::Project> project);
    void remember(const QString& folder);
    QString folderFor(const QString& image) const;
    bool learnedHere() const;
    void importInto(const std::shared_ptr<std::vector<std::string>>& paths, const QString& folder, bool create);

    Backend backend_;
    JobQueue& jobs_;
    std::vector<std::string> chainStages_;       // of the chain begun last
    std::shared_ptr<project::Project> project_;  // shared with running jobs, which may outlive a close
    std::unique_ptr<project::Artifacts> artifacts_;
    std::weak_ptr<const labels::EditSession> edits_;
    std::int64_t chain_ = 0;
    mutable std::map<std::string, project::Status> status_;
    mutable std::map<std::string, std::optional<Learned>> learned_;  // by case
};

}  // namespace fovea::ui
