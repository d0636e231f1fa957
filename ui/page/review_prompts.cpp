#include "ui/page/review_prompts.h"

#include "ui/actions.h"
#include "ui/panel/prompt_bar.h"
#include "ui/view/view_scene.h"
#include "ui/workspace.h"

namespace fovea::ui {

ReviewPrompts::ReviewPrompts(Theme& theme, Actions& actions, Workspace& workspace, ViewScene& scene, QWidget* views)
    : workspace_(workspace), scene_(scene), bar_(new PromptBar(theme, actions, views)) {
    connect(&scene, &ViewScene::cursorChanged, this, &ReviewPrompts::lookAhead);
    connect(&scene, &ViewScene::imageChanged, this, &ReviewPrompts::lookAhead);
    bindActions(actions);
}

ReviewPrompts::~ReviewPrompts() = default;

void ReviewPrompts::bindActions(Actions& actions) {
    const auto on = [&](const char* id, void (*f)(PromptSession&, ViewScene&)) {
        actions.on(id, [this, f] {
            if (!session_) return;
            try {
                f(*session_, scene_);
            } catch (const Error& error) {  // an accepted object, a full disk: said where one looks
                scene_.say(QString::fromStdString(error.what()));
            }
        });
    };
    on("prompt.run", [](PromptSession& s, ViewScene&) { s.run(); });
    on("prompt.alternative", [](PromptSession& s, ViewScene& scene) {
        if (s.alternatives() > 1)
            s.nextAlternative();
        else
            scene.say(tr("There is one answer to these prompts."));
    });
    on("prompt.commit", [](PromptSession& s, ViewScene&) { s.commit(); });
    on("prompt.remove_last", [](PromptSession& s, ViewScene&) { s.removeLast(); });
    on("prompt.clear", [](PromptSession& s, ViewScene&) { s.drop(); });
    on("prompt.scope", [](PromptSession& s, ViewScene& scene) {
        s.setWholeObject(!s.wholeObject());
        scene.say(s.wholeObject() ? tr("Prompts act on the whole object.") : tr("Prompts act on this slice only."));
    });
    on("object.protect", [](PromptSession& s, ViewScene& scene) {
        s.setProtectAll(!s.protectAll());
        scene.say(s.protectAll() ? tr("Keeping off all neighbours.") : tr("Keeping off accepted neighbours only."));
    });
}

void ReviewPrompts::open(ReviewSession& review) {
    session_ = std::make_unique<PromptSession>(review, workspace_.backend().promptEngines, workspace_.jobs());
    ahead_ = std::make_unique<PromptAhead>(review, *session_, workspace_.jobs());
    connect(session_.get(), &PromptSession::changed, this, &ReviewPrompts::show);
    connect(session_.get(), &PromptSession::said, &scene_, &ViewScene::say);
    bar_->setSession(session_.get());
}

void ReviewPrompts::close() {
    bar_->setSession(nullptr);
    ahead_.reset();
    session_.reset();
    scene_.setPreview(nullptr);
    scene_.setPrompts({});
    scene_.setPromptBox({});
    scene_.setReading({});
}

bool ReviewPrompts::commit() { return session_ && session_->commit(); }

void ReviewPrompts::setTool(const QString& id) { bar_->setTool(id); }

void ReviewPrompts::setPlace(const QRect& view) { bar_->setPlace(view); }

void ReviewPrompts::setSeen(bool seen) {
    seen_ = seen;
    if (session_ && seen) session_->refreshEngine();
    lookAhead();
}

void ReviewPrompts::lookAhead() {
    if (!ahead_) return;
    if (seen_)
        ahead_->lookAt(scene_.cursor());
    else
        ahead_->stop();
}

// Until the engine itself answers, the last prompt shows that it waits.
void ReviewPrompts::show() {
    const PromptState state = session_->state();
    const bool waits = state == PromptState::Running || state == PromptState::Interim;
    QVector<PromptDot> dots;
    for (const segment::PointPrompt& point : session_->points())
        dots.push_back({point.at, point.positive, state == PromptState::Failed, false});
    if (!dots.isEmpty()) dots.back().waiting = waits;
    scene_.setPrompts(dots);
    scene_.setPromptBox(session_->box(), waits && dots.isEmpty());
    scene_.setReading(waits && session_->reading()
                          ? std::optional(ViewScene::Reading{session_->lastPlace(), session_->readingSeconds()})
                          : std::nullopt);
    scene_.setPreview(session_->preview());
    Q_EMIT changed();
}

}  // namespace fovea::ui
