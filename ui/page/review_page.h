#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "ui/edit/label_edit_target.h"
#include "ui/edit/surface_feeder.h"
#include "ui/tool/tool_box.h"
#include "ui/view/view_grid.h"
#include "ui/view/view_scene.h"
#include "ui/workspace.h"

class QKeyEvent;
class QSplitter;

namespace fovea::ui {

class Actions;
class LayersPanel;
class ReviewPanel;
class ReviewPrompts;
class Theme;
class ToolStrip;
class VoxelSizeForm;

// Review: tool strip, volumes and layers, linked views, queue with the current object and the table.
class ReviewPage : public QWidget {
    Q_OBJECT
  public:
    ReviewPage(Theme& theme, Actions& actions, Workspace& workspace, QWidget* parent = nullptr);
    ~ReviewPage() override;

    // Opens the first case of the project, or none when there is no project.
    void reload();
    void openCase(const QString& id);
    void closeCase();
    // New pseudo-labels or a new round: takes over what is not accepted.
    void refreshLabels();

    ReviewSession* review() { return review_.get(); }
    PromptSession* prompts();
    ToolBox* tools() { return tools_.get(); }
    ViewGrid& views() { return *grid_; }
    ViewScene& scene() { return scene_; }
    void showHints();  // of the tool in hand, in the status bar
    // Opens the small form over the slice that asks how large a voxel of the open image is.
    void askVoxelSize();
    // Neither the file nor a person has told it, nor did the person choose to go on without.
    bool voxelSizeMissing() const;

  Q_SIGNALS:
    void progressChanged();
    void hintsChanged(const QVector<std::pair<QString, QString>>& hints);
    void readingsChanged(const QStringList& readings);
    void failed(const QString& text);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

  private:
    void makeToolStrip(Actions& actions);
    void makeSizeForm();
    void bindActions(Actions& actions);
    void bindReviewActions(Actions& actions);
    void adopt(const QString& id, ImagePtr image);
    void wire();
    void showCurrent(bool centre);
    void goTo(const Box& box);
    std::optional<Index> insideNear(const Box& box) const;
    void centreSoon();
    void placeFloating();
    void showLook();
    void showPrediction();
    void showVolumes();
    void showReadings(const SliceEvent& event);
    bool filterKey(QKeyEvent& event, bool down);
    bool keysAreOurs(QObject* watched) const;
    void flash(std::int32_t id, labels::State state);

    Theme& theme_;
    Actions& actions_;
    Workspace& workspace_;
    ViewScene scene_;
    ToolStrip* strip_ = nullptr;
    LayersPanel* layers_ = nullptr;
    ViewGrid* grid_ = nullptr;
    ReviewPanel* panel_ = nullptr;
    VoxelSizeForm* sizeForm_ = nullptr;
    std::set<std::string> inVoxels_;  // images for which the person went on without a size
    QSplitter* splitter_ = nullptr;
    std::unique_ptr<ReviewSession> review_;
    std::unique_ptr<ReviewPrompts> prompts_;
    std::unique_ptr<LabelEditTarget> target_;
    std::unique_ptr<ToolBox> tools_;
    std::unique_ptr<SurfaceFeeder> surfaces_;
    QString opening_;
    bool centreDue_ = false;  // sizes were not known when the current object came
    bool near3d_ = false;     // the camera has come near to an object since the case was opened
    bool colourByState_ = false;
    QElapsedTimer peek_;  // since V went down
    bool peekShown_ = true, peeking_ = false, spacePan_ = false;
    QTimer flash_;
};

}  // namespace fovea::ui
