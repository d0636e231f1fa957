#pragma once
#include <QImage>
#include <QObject>
#include <QSize>
#include <QThread>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>

class QOffscreenSurface;

namespace fovea::ui {

class Scene3D;

// A finished picture of the scene.
struct ScenePicture {
    QImage image;  // device pixels, fewer of them while the camera moves and drawing is slow
    std::array<std::array<double, 3>, 3> axes{};  // Scene3D::axesInView()
    std::int64_t upTo = 0;                        // the last edit it shows
    bool full = true;                             // every pixel drawn
};

// What drawing has cost so far, on its own thread.
struct DrawingCost {
    int pictures = 0;
    double milliseconds = 0, longest = 0;
};

// Draws a Scene3D on a thread of its own: neither a slow driver nor OpenGL in software holds up the window. The scene
// lives on that thread and is reached by edit(). Edits that come while a picture is drawn share the next one; a slow
// picture is followed by a rest twice as long, so that drawing never takes more than a third of the time, except while
// the camera moves: then pictures come at once, coarser the slower they are, and a full one when it stands still. All
// calls from the GUI thread.
class SceneRenderer : public QObject {
    Q_OBJECT
  public:
    explicit SceneRenderer(QObject* parent = nullptr);
    ~SceneRenderer() override;

    // Runs `f` on the drawing thread, in order, then draws.
    void edit(std::function<void(Scene3D&)> f, bool moving = false);
    // As edit(), without drawing; the answer of `f` comes with picked().
    void pick(std::function<std::int32_t(Scene3D&)> f);
    void resize(QSize devicePixels);
    void setVisible(bool visible);  // nothing is drawn while hidden
    std::int64_t lastEdit() const { return asked_; }
    DrawingCost cost() const { return cost_; }

  Q_SIGNALS:
    void drawn(const fovea::ui::ScenePicture& picture);
    void picked(std::int32_t id);
    void failed();  // no OpenGL context on that thread

  private:
    class Worker;
    void post(std::function<void(Worker&)> f);

    std::unique_ptr<QOffscreenSurface> surface_;
    std::unique_ptr<Worker> worker_;
    QThread thread_;
    std::int64_t asked_ = 0;
    DrawingCost cost_;
};

}  // namespace fovea::ui
