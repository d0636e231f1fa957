#include "ui/view/scene_renderer.h"

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>
#include <vtkOpenGLFramebufferObject.h>
#include <vtkOpenGLState.h>
#include <vtkRenderer.h>

#include <sys/resource.h>
#include <unistd.h>
#include <QElapsedTimer>
#include <QOffscreenSurface>
#include <QOpenGLContext>
#include <QOpenGLExtraFunctions>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "ui/view/scene3d.h"

namespace fovea::ui {

namespace {

constexpr double smoothMs = 40;  // a picture that takes longer is drawn coarser while the camera moves
constexpr int coarsest = 4;      // at most this many device pixels to one drawn
constexpr int settleMs = 250;    // after the last movement the full picture comes
constexpr int restShare = 2;     // rest after a picture, in its own durations
constexpr int restFreeMs = 8;    // pictures this fast need none
constexpr int backgroundNice = 10;

bool drawnBySoftware(QOpenGLContext& context) {
    const auto* name = reinterpret_cast<const char*>(context.functions()->glGetString(GL_RENDERER));
    const QString renderer = QString::fromLatin1(name).toLower();
    return renderer.contains("llvmpipe") || renderer.contains("softpipe") || renderer.contains("swrast");
}

// The threads on which OpenGL is done in software take part in everything else's processor time: the window and its
// answers come first.
void stepBack() {
    std::error_code ignored;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
        std::ifstream file(task.path() / "comm");
        std::string name;
        std::getline(file, name);
        if (name.rfind("llvmpipe", 0) == 0)
            ::setpriority(PRIO_PROCESS, id_t(std::atoi(task.path().filename().c_str())), backgroundNice);
    }
    ::setpriority(PRIO_PROCESS, id_t(::gettid()), backgroundNice);
}

}  // namespace

// Everything that happens on the drawing thread.
class SceneRenderer::Worker : public QObject {
  public:
    Worker(SceneRenderer& owner, QOffscreenSurface& surface) : owner_(owner), surface_(surface) {
        for (QTimer* timer : {&next_, &settled_}) {
            timer->setParent(this);  // goes along to the drawing thread
            timer->setSingleShot(true);
        }
        settled_.setInterval(settleMs);
        connect(&next_, &QTimer::timeout, this, [this] { draw(); });
        connect(&settled_, &QTimer::timeout, this, [this] {
            moving_ = false;
            if (!full_) wantPicture();
        });
    }

    Scene3D& scene() { return scene_; }
    void edited(std::int64_t number, bool moving) {
        edit_ = number;
        if (moving) {
            moving_ = true;
            settled_.start();
        }
        wantPicture();
    }
    void resize(QSize size) {
        size_ = size;
        wantPicture();
    }
    void setVisible(bool visible) {
        visible_ = visible;
        if (visible) wantPicture();
    }
    // Before the thread ends: what OpenGL holds goes while its context is there.
    void release() {
        next_.stop();
        settled_.stop();
        if (!context_) return window_->SetReadyForRendering(false);
        context_->makeCurrent(&surface_);
        window_->Finalize();
        window_->RemoveRenderer(scene_.renderer());
        context_->doneCurrent();
        context_.reset();
    }

  private:
    void wantPicture() {
        if (!visible_ || size_.isEmpty() || broken_) return;
        if (next_.isActive() && !moving_) return;
        const bool rests = !moving_ && sinceDrawn_.isValid();
        next_.start(rests ? int(std::max<qint64>(0, rest_ - sinceDrawn_.elapsed())) : 0);
    }
    bool begin();
    void draw();
    QImage read();

    SceneRenderer& owner_;
    QOffscreenSurface& surface_;
    Scene3D scene_;
    vtkNew<vtkGenericOpenGLRenderWindow> window_;
    std::unique_ptr<QOpenGLContext> context_;
    QTimer next_, settled_;
    QElapsedTimer sinceDrawn_;
    QSize size_;
    std::int64_t edit_ = 0;
    qint64 rest_ = 0;    // ms after the last picture
    double fullMs_ = 0;  // what a full picture takes
    bool visible_ = false, moving_ = false, full_ = true, broken_ = false;
};

bool SceneRenderer::Worker::begin() {
    if (context_) return context_->makeCurrent(&surface_);
    context_ = std::make_unique<QOpenGLContext>();
    context_->setFormat(surface_.requestedFormat());
    if (!context_->create() || !context_->makeCurrent(&surface_)) {
        context_.reset();
        return false;
    }
    vtkNew<vtkCallbackCommand> isCurrent, makeItCurrent;
    isCurrent->SetClientData(this);
    isCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void* answer) {
        auto* worker = static_cast<Worker*>(self);
        *static_cast<bool*>(answer) = worker->context_ && QOpenGLContext::currentContext() == worker->context_.get();
    });
    makeItCurrent->SetClientData(this);
    makeItCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void*) {
        auto* worker = static_cast<Worker*>(self);
        if (worker->context_ && QOpenGLContext::currentContext() != worker->context_.get())
            worker->context_->makeCurrent(&worker->surface_);
    });
    window_->AddObserver(vtkCommand::WindowIsCurrentEvent, isCurrent);
    window_->AddObserver(vtkCommand::WindowMakeCurrentEvent, makeItCurrent);
    window_->AddRenderer(scene_.renderer());
    window_->SetFrameBlitModeToNoBlit();
    // Four samples a pixel cost the processor four times as much; a filter over the picture does there.
    const bool software = drawnBySoftware(*context_);
    if (software && QThread::currentThread() != owner_.thread()) stepBack();
    window_->SetMultiSamples(software ? 0 : 4);
    scene_.renderer()->SetUseFXAA(software);
    window_->SetForceMaximumHardwareLineWidth(1);
    window_->SetReadyForRendering(true);
    window_->SetOwnContext(0);
    window_->OpenGLInitContext();
    return true;
}

void SceneRenderer::Worker::draw() {
    if (!visible_ || size_.isEmpty() || broken_) return;
    QElapsedTimer clock;
    clock.start();
    if (!begin()) {
        broken_ = true;
        QMetaObject::invokeMethod(&owner_, [owner = &owner_] { Q_EMIT owner->failed(); });
        return;
    }
    const int step = moving_ ? std::clamp(int(std::ceil(std::sqrt(fullMs_ / smoothMs))), 1, coarsest) : 1;
    full_ = step == 1;
    window_->SetSize(std::max(1, size_.width() / step), std::max(1, size_.height() / step));
    auto* state = window_->GetState();
    state->Reset();
    state->Push();
    state->vtkglDepthFunc(GL_LEQUAL);
    window_->Render();
    state->Pop();
    ScenePicture picture{read(), scene_.axesInView(), edit_, full_};
    context_->doneCurrent();
    const double ms = double(clock.nsecsElapsed()) / 1e6;
    fullMs_ = ms * step * step;
    rest_ = ms < restFreeMs ? 0 : qint64(restShare * ms);
    sinceDrawn_.start();
    QMetaObject::invokeMethod(&owner_, [owner = &owner_, picture = std::move(picture), ms] {
        ++owner->cost_.pictures;
        owner->cost_.milliseconds += ms;
        owner->cost_.longest = std::max(owner->cost_.longest, ms);
        Q_EMIT owner->drawn(picture);
    });
}

QImage SceneRenderer::Worker::read() {
    auto* state = window_->GetState();
    state->PushFramebufferBindings();
    window_->GetDisplayFramebuffer()->Bind(GL_READ_FRAMEBUFFER);
    window_->GetDisplayFramebuffer()->ActivateReadBuffer(0);
    const int* size = window_->GetSize();
    QImage image(size[0], size[1], QImage::Format_RGBX8888);  // VTK's background has alpha 0: not looked at
    auto* gl = context_->functions();
    gl->glPixelStorei(GL_PACK_ALIGNMENT, 4);
    gl->glReadPixels(0, 0, size[0], size[1], GL_RGBA, GL_UNSIGNED_BYTE, image.bits());
    state->PopFramebufferBindings();
    return image.mirrored().convertToFormat(QImage::Format_RGB32);
}

SceneRenderer::SceneRenderer(QObject* parent) : QObject(parent), surface_(std::make_unique<QOffscreenSurface>()) {
    surface_->create();  // on the GUI thread, as Qt wants it
    worker_ = std::make_unique<Worker>(*this, *surface_);
    if (!QOpenGLContext::supportsThreadedOpenGL()) return;  // then it draws here, between other events
    worker_->moveToThread(&thread_);
    thread_.setObjectName("3D");
    thread_.start();
}

SceneRenderer::~SceneRenderer() {
    if (!thread_.isRunning()) {
        worker_->release();
        return;
    }
    QMetaObject::invokeMethod(worker_.get(), [this] { worker_->release(); }, Qt::BlockingQueuedConnection);
    thread_.quit();
    thread_.wait();
}

void SceneRenderer::post(std::function<void(Worker&)> f) {
    QMetaObject::invokeMethod(
        worker_.get(), [worker = worker_.get(), f = std::move(f)] { f(*worker); }, Qt::QueuedConnection);
}

void SceneRenderer::edit(std::function<void(Scene3D&)> f, bool moving) {
    const std::int64_t number = ++asked_;
    post([f = std::move(f), number, moving](Worker& worker) {
        f(worker.scene());
        worker.edited(number, moving);
    });
}

void SceneRenderer::pick(std::function<std::int32_t(Scene3D&)> f) {
    post([this, f = std::move(f)](Worker& worker) {
        const std::int32_t id = f(worker.scene());
        QMetaObject::invokeMethod(this, [this, id] { Q_EMIT picked(id); });
    });
}

void SceneRenderer::resize(QSize devicePixels) {
    post([devicePixels](Worker& worker) { worker.resize(devicePixels); });
}

void SceneRenderer::setVisible(bool visible) {
    post([visible](Worker& worker) { worker.setVisible(visible); });
}

}  // namespace fovea::ui
