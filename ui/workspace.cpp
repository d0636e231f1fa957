#include "ui/workspace.h"

#include <QDir>
#include <QFileInfo>
#include <QPointer>
#include <QSettings>
#include <QStandardPaths>
#include <algorithm>

#include "base/file.h"
#include "labels/object_table.h"
#include "project/add_images.h"
#include "ui/widget/job_tray.h"

namespace fovea::ui {

namespace {

constexpr int mostRecent = 8;

QString dataFolder() { return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation); }

}  // namespace

Workspace::Workspace(Backend backend, JobQueue& jobs, QObject* parent)
    : QObject(parent), backend_(std::move(backend)), jobs_(jobs) {}

Workspace::~Workspace() { stopChain(); }

QString Workspace::projectName() const {
    return project_ ? QFileInfo(QString::fromStdString(project_->folder().string())).completeBaseName() : QString();
}

void Workspace::adopt(std::shared_ptr<project::Project> project) {
    project_ = std::move(project);
    artifacts_ = std::make_unique<project::Artifacts>(*project_, backend_.stages);
    remember(QString::fromStdString(project_->folder().string()));
    forgetStatus();
    if (!project_->notice().empty()) Q_EMIT said(textOf(project_->notice()));
    Q_EMIT projectChanged();
}

void Workspace::openProject(const QString& folder) {
    closeProject();
    try {
        adopt(project::Project::open(folder.toStdString(), backend_.opener));
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(error.what()));
    }
}

void Workspace::closeProject() {
    if (!project_) return;
    stopChain();
    artifacts_.reset();
    project_.reset();
    forgetStatus();
    Q_EMIT projectChanged();
}

QString Workspace::folderFor(const QString& image) const {
    const QFileInfo info(image);
    const QFileInfo beside(info.absolutePath());
    const QString parent = beside.isWritable() ? beside.absoluteFilePath() : dataFolder() + "/projects";
    const QString stem = parent + "/" + QString::fromStdString(project::caseName(info.fileName().toStdString()));
    QString folder = stem + ".fovea";
    for (int i = 2; QFileInfo::exists(folder); ++i) folder = QString("%1-%2.fovea").arg(stem).arg(i);
    return folder;
}

void Workspace::openImages(const QStringList& paths) {
    if (paths.isEmpty()) return;
    if (paths.size() == 1 && project::Project::isProject(paths.first().toStdString()))
        return openProject(paths.first());
    auto list = std::make_shared<std::vector<std::string>>();
    for (const QString& path : paths) list->push_back(QFileInfo(path).absoluteFilePath().toStdString());
    if (project_)
        importInto(list, QString::fromStdString(project_->folder().string()), false);
    else
        importInto(list, folderFor(paths.first()), true);
}

void Workspace::importInto(const std::shared_ptr<std::vector<std::string>>& paths, const QString& folder, bool create) {
    auto made = std::make_shared<std::shared_ptr<project::Project>>(project_);
    const std::filesystem::path where = folder.toStdString();
    const project::ImageOpener opener = backend_.opener;
    QPointer<Workspace> guard(this);
    jobs_.submit(
        JobRequest{Text(FOVEA_TR("Read {name}"),
                        {{"name", QFileInfo(QString::fromStdString(paths->front())).fileName().toStdString()}}),
                   Lane::Cpu,
                   [paths, made, where, opener, create, stages = backend_.stages](Job& job) {
                       std::unique_ptr<project::Project> fresh;
                       if (create) fresh = project::Project::create(where, opener);
                       project::Project& target = create ? *fresh : **made;
                       try {
                           project::addImages(target, stages, *paths, {}, {.stages = {"import"}}, job);
                       } catch (...) {
                           if (create) {  // a project without an image is of no use to anybody
                               fresh.reset();
                               file::remove(where);
                           }
                           throw;
                       }
                       if (create) *made = std::move(fresh);
                   },
                   [guard, made, create](const Outcome& outcome) {
                       if (!guard) return;
                       if (outcome.state == JobState::Failed)
                           Q_EMIT guard->failed(QString::fromStdString(outcome.error));
                       if (outcome.state != JobState::Done) return;
                       if (create) {
                           guard->closeProject();
                           guard->adopt(*made);
                       }
                       guard->forgetStatus();
                       Q_EMIT guard->imported();
                   },
                   {},
                   true});
}

void Workspace::openSample() {
    const QString folder = dataFolder() + "/sample.fovea";
    if (project::Project::isProject(folder.toStdString())) return openProject(folder);
    const std::filesystem::path where = (dataFolder() + "/sample").toStdString();
    auto path = std::make_shared<std::string>();
    QPointer<Workspace> guard(this);
    jobs_.submit(JobRequest{Text(FOVEA_TR("Make the sample")),
                            Lane::Cpu,
                            [make = backend_.makeSample, where, path](Job& job) { *path = make(where, job); },
                            [guard, path, folder](const Outcome& outcome) {
                                if (!guard) return;
                                if (outcome.state == JobState::Failed)
                                    Q_EMIT guard->failed(QString::fromStdString(outcome.error));
                                if (outcome.state != JobState::Done) return;
                                guard->closeProject();
                                guard->importInto(std::make_shared<std::vector<std::string>>(1, *path), folder, true);
                            },
                            {},
                            true});
}

bool Workspace::runStages(const std::vector<std::string>& stages, const Text& title) {
    if (!project_ || chain_ != 0) return false;
    project::RunRequest request;
    request.stages = stages;
    request.device = backend_.device;
    QPointer<Workspace> guard(this);
    auto waiting = std::make_shared<bool>(false);
    // Stages end on the batch lane; each end is told on this thread through the job's message channel.
    static const std::string marker = "stage:";
    chain_ = jobs_.submit(JobRequest{
        title, Lane::Batch,
        [project = project_, stages = backend_.stages, request, waiting, following = edits_](Job& job) mutable {
            if (const auto edits = following.lock()) edits->flush();
            request.finished = [&job](const nlohmann::json& line) {
                job.message(MessageLevel::Info, Text(marker + line.value("stage", "")));
            };
            *waiting = project::run(*project, stages, request, job).waiting;
        },
        [guard, waiting](const Outcome& outcome) {
            if (!guard) return;
            guard->chain_ = 0;
            guard->forgetStatus();
            const bool ok = outcome.state == JobState::Done && !*waiting;
            QString text = QString::fromStdString(outcome.error);
            if (outcome.state == JobState::Cancelled)
                text = tr("Stopped. What was finished is kept; starting again goes on from there.");
            else if (*waiting)
                text =
                    tr("Nothing to learn from yet. Review the chosen patches first; what is held out for the check "
                       "teaches nothing.");
            Q_EMIT guard->chainFinished(ok, text);
        },
        [guard](MessageLevel, const Text& text) {
            if (!guard) return;
            if (text.pattern.rfind(marker, 0) == 0) {
                guard->forgetStatus();
                Q_EMIT guard->stageFinished(QString::fromStdString(text.pattern.substr(marker.size())));
            } else {
                Q_EMIT guard->said(textOf(text));
            }
        },
        true});
    chainStages_ = stages;
    forgetStatus();
    Q_EMIT chainStarted();
    return true;
}

bool Workspace::running(const std::string& stage) const {
    return running() && std::find(chainStages_.begin(), chainStages_.end(), stage) != chainStages_.end();
}

void Workspace::stopChain() {
    if (chain_ != 0) jobs_.cancel(chain_);
}

bool Workspace::findObjects() { return runStages({"import", "pseudo-label"}, Text(FOVEA_TR("Find objects"))); }

// Whether the active round has a trained model: what comes after it belongs to the next one.
bool Workspace::learnedHere() const {
    const project::Stage& fineTune = project::stageById(backend_.stages, "fine-tune");
    const int round = project_->activeRound();
    return round >= 1 && artifacts_->state(fineTune, round).status == project::Status::UpToDate;
}

bool Workspace::choose() {
    if (!project_ || chain_ != 0) return false;
    if (learnedHere()) project_->beginRound();
    return runStages({"import", "plan", "pretrain", "learn-features", "features", "query"},
                     Text(FOVEA_TR("Choose what to label")));
}

project::Status Workspace::statusOf(const std::string& stage) const {
    if (!project_) return project::Status::Missing;
    if (const auto known = status_.find(stage); known != status_.end()) return known->second;
    const project::Stage& one = project::stageById(backend_.stages, stage);
    return status_[stage] = artifacts_->state(one, project::Artifacts::roundOf(one, project_->activeRound())).status;
}

std::optional<Workspace::Learned> Workspace::learned(const std::string& caseId) const {
    if (!project_ || project_->activeRound() < 1) return std::nullopt;
    if (const auto known = learned_.find(caseId); known != learned_.end()) return known->second;
    std::optional<Learned>& learned = learned_[caseId];
    const auto model = artifacts_->resolve({"model", project::From::Latest}, "", project_->activeRound());
    if (!model || model->round < 1) return learned;
    const auto folder = artifacts_->newest("annotations", caseId, model->round);
    if (!folder) return learned;
    try {
        const nlohmann::json snapshot = file::readJson(*folder / "snapshot.json");
        learned = Learned{0, int(snapshot.at("complete_patches").size())};
        for (const auto& [state, count] : snapshot.at("states").items())
            if (state != labels::name(labels::State::ToReview)) learned->decided += count.get<int>();
    } catch (const nlohmann::json::exception&) {
        learned.reset();  // an older snapshot
    } catch (const Error&) {
        learned.reset();
    }
    return learned;
}

bool Workspace::setVoxelSize(const std::string& caseId, const Vec3& um) {
    if (!project_ || chain_ != 0) return false;
    try {
        project_->setSpacing(caseId, um);
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(error.what()));
        return false;
    }
    forgetStatus();
    Q_EMIT voxelSizeChanged(QString::fromStdString(caseId));
    return true;
}

void Workspace::useRound(int round) {
    if (!project_) return;
    try {
        project_->use(round);
    } catch (const Error& error) {
        Q_EMIT failed(QString::fromStdString(error.what()));
        return;
    }
    forgetStatus();
    Q_EMIT roundInUse(round);
}

bool Workspace::checkAgain() { return runStages({"evaluate"}, Text(FOVEA_TR("Check the round"))); }

bool Workspace::learn() {
    if (!project_ || chain_ != 0) return false;
    // A round that has learned already is finished by the next one; until then learning again would repeat it.
    const project::Stage& annotate = project::stageById(backend_.stages, "annotate");
    if (learnedHere() && artifacts_->state(annotate, project_->activeRound()).editsOnly) project_->beginRound();
    return runStages({"import", "plan", "pretrain", "annotate", "fine-tune", "predict", "instances", "evaluate"},
                     Text(FOVEA_TR("Learn from what was accepted")));
}

QStringList Workspace::recent() const {
    QStringList list;
    for (const QString& folder : QSettings().value("recent").toStringList())
        if (project::Project::isProject(folder.toStdString())) list << folder;
    return list;
}

void Workspace::remember(const QString& folder) {
    QSettings settings;
    QStringList list = settings.value("recent").toStringList();
    list.removeAll(folder);
    list.prepend(folder);
    settings.setValue("recent", list.mid(0, mostRecent));
}

}  // namespace fovea::ui
