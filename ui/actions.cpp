#include "ui/actions.h"

#include <QKeySequence>
#include <QWidget>
#include <array>

namespace fovea::ui {

namespace {

// Texts and ids are those of the design's keymap; only actions that this version performs are listed.
constexpr std::array rows = {
    ActionRow{"file.open_image", "Open image…", "app", "Ctrl+O", "File", "image"},
    ActionRow{"file.open_folder", "Open folder of images…", "app", "Ctrl+Shift+O", "File", "folder"},
    ActionRow{"file.open_project", "Open project…", "app", "Ctrl+Alt+O", "File", "folder"},
    ActionRow{"file.sample", "Try the sample", "app", "", "File", "play"},
    ActionRow{"file.bring_labels", "Bring labels you have…", "project", "", "File", "import"},
    ActionRow{"file.ask_model", "Find objects with a trained model…", "project", "", "File", "folder"},
    ActionRow{"file.close_project", "Close project", "project", "Ctrl+W", "File", "x"},
    ActionRow{"file.quit", "Quit", "app", "Ctrl+Q", "File", ""},
    ActionRow{"edit.undo", "Undo", "project", "Ctrl+Z", "Edit", "undo"},
    ActionRow{"edit.redo", "Redo", "project", "Ctrl+Shift+Z; Ctrl+Y", "Edit", "redo"},
    ActionRow{"image.voxel_size", "Set voxel size…", "project", "", "Edit", "ruler"},
    ActionRow{"view.peek", "Labels: tap to toggle, hold to peek", "review", "V", "View", "eye"},
    ActionRow{"view.outline_only", "Outlines only", "review", "Shift+V", "View", ""},
    ActionRow{"view.centre_object", "Centre on this object", "review", "G", "View", "target"},
    ActionRow{"view.reset", "Reset view", "review", "R", "View", ""},
    ActionRow{"view.layout_grid", "Layout 2 × 2", "review", "Ctrl+1", "View", "grid"},
    ActionRow{"view.layout_slice", "Layout one slice", "review", "Ctrl+2", "View", "image"},
    ActionRow{"view.layout_slice_3d", "Layout slice and 3D", "review", "Ctrl+3", "View", "cube"},
    ActionRow{"view.crosshair", "Crosshair on or off", "review", "Ctrl+Shift+X", "View", "target"},
    ActionRow{"view.auto_contrast", "Contrast by the data", "review", "Ctrl+Alt+A", "View", ""},
    ActionRow{"slice.previous", "Slice before", "review", "Left", "View", ""},
    ActionRow{"slice.next", "Slice after", "review", "Right", "View", ""},
    ActionRow{"slice.back_ten", "Ten slices back", "review", "PgUp", "View", ""},
    ActionRow{"slice.forward_ten", "Ten slices on", "review", "PgDown", "View", ""},
    ActionRow{"object.new", "New object", "review", "M", "Object", "plus"},
    ActionRow{"object.protect", "Keep off all neighbours, on or off", "review", "B", "Object", "lock"},
    ActionRow{"object.delete", "Delete object (undoable)", "review", "Del", "Object", "trash"},
    ActionRow{"prompt.flip", "Swap plus and minus of the left button", "review", "T", "Prompts", ""},
    ActionRow{"prompt.run", "Run now", "review", "S", "Prompts", "play"},
    ActionRow{"prompt.scope", "This slice or whole object", "review", "Shift+T", "Prompts", "layers"},
    ActionRow{"prompt.alternative", "Next answer to the first click", "review", "Alt+Right", "Prompts", ""},
    ActionRow{"prompt.commit", "Commit and stay", "review", "C", "Prompts", "check"},
    ActionRow{"prompt.remove_last", "Remove the last prompt", "review", "Backspace", "Prompts", ""},
    ActionRow{"prompt.clear", "Clear all prompts of this object", "review", "Shift+C", "Prompts", ""},
    ActionRow{"draw.cancel", "Drop it", "review", "Esc", "Prompts", ""},
    ActionRow{"review.accept", "Accept and go on (commits an open preview first)", "review", "A", "Review", "check"},
    ActionRow{"review.accept_stay", "Accept and stay", "review", "Shift+A", "Review", ""},
    ActionRow{"review.reject", "Wrong shape: reject and go on", "review", "X", "Review", "x"},
    ActionRow{"review.nothing", "Nothing here: reject as background and go on", "review", "Shift+X", "Review", ""},
    ActionRow{"review.unsure", "Unsure, flag and go on", "review", "U", "Review", "flag"},
    ActionRow{"review.skip", "Skip: to the end of the queue", "review", "D", "Review", "skip"},
    ActionRow{"review.reopen", "Reopen (unfreeze) this object", "review", "Shift+U", "Review", ""},
    ActionRow{"review.next", "Next not reviewed", "review", ".", "Review", ""},
    ActionRow{"review.previous", "Back to the one before", "review", ",", "Review", ""},
    ActionRow{"review.patch_done", "Nothing missed in this patch", "review", "Return", "Review", "check"},
    ActionRow{"tool.select", "Select", "review", "Q", "Tools", "cursor"},
    ActionRow{"tool.pan", "Move and zoom", "review", "Z; 6", "Tools", "move"},
    ActionRow{"tool.point", "Point prompt", "review", "7", "Tools", "point"},
    ActionRow{"tool.box", "Box prompt", "review", "8", "Tools", "box"},
    ActionRow{"tool.scribble", "Scribble prompt", "review", "9", "Tools", "scribble"},
    ActionRow{"tool.lasso", "Lasso prompt", "review", "0", "Tools", "lasso"},
    ActionRow{"tool.brush", "Brush", "review", "2; P", "Tools", "brush"},
    ActionRow{"tool.erase", "Eraser", "review", "1; E", "Tools", "eraser"},
    ActionRow{"tool.fill", "Fill", "review", "4; F", "Tools", "fill"},
    ActionRow{"tool.pick", "Pick object under the pointer", "review", "5; L", "Tools", "pick"},
    ActionRow{"brush.smaller", "Smaller brush", "review", "[", "Tools", "minus"},
    ActionRow{"brush.larger", "Larger brush", "review", "]", "Tools", "plus"},
    ActionRow{"brush.ball", "Disc in the slice or ball in 3D", "review", "Ctrl+D", "Tools", "cube"},
    ActionRow{"page.models", "Models…", "app", "", "Tools", "layers"},
    ActionRow{"train.start", "Start this round", "project", "Ctrl+Return", "Train", "train"},
    ActionRow{"train.stop", "Stop", "project", "Ctrl+.", "Train", "stop"},
    ActionRow{"page.images", "Images", "app", "Alt+1", "Window", "image"},
    ActionRow{"page.objects", "Objects", "project", "Alt+2", "Window", "spark"},
    ActionRow{"page.review", "Review", "project", "Alt+3", "Window", "queue"},
    ActionRow{"page.fine_tune", "Learn", "project", "Alt+4; Ctrl+T", "Window", "train"},
    ActionRow{"page.export", "Export", "project", "Alt+6", "Window", "export"},
    ActionRow{"page.next_step", "Do what the next-step button says", "app", "Ctrl+Shift+Return", "Window", ""},
    ActionRow{"window.pipeline", "Pipeline", "project", "Ctrl+Alt+P", "Window", "layers"},
    ActionRow{"window.jobs", "Jobs", "app", "Ctrl+J", "Window", "refresh"},
    ActionRow{"window.reset_layout", "Reset layout", "app", "", "Window", ""},
    ActionRow{"app.theme", "Switch dark and light", "app", "", "Window", "sun"},
    ActionRow{"app.full_screen", "Full screen", "app", "F11", "Window", ""},
    ActionRow{"help.about", "About Fovea", "app", "", "Help", "info"},
};

}  // namespace

std::span<const ActionRow> actionTable() { return rows; }

Actions::Actions(QObject* parent) : QObject(parent) {
    for (const ActionRow& row : rows) {
        auto* action = new QAction(tr(row.text), this);
        action->setObjectName(row.id);
        QList<QKeySequence> keys;
        for (const QString& key : QString::fromUtf8(row.keys).split("; ", Qt::SkipEmptyParts))
            keys << QKeySequence(key);
        action->setShortcuts(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        // A held key walks through slices, sizes and history; it must never give verdicts one after another.
        const QString id = QString::fromLatin1(row.id);
        action->setAutoRepeat(id.startsWith("slice.") || id.startsWith("brush.") || id == "edit.undo" ||
                              id == "edit.redo");
        const QString tip =
            keys.isEmpty() ? action->text()
                           : QString("%1  [%2]").arg(action->text(), keys.first().toString(QKeySequence::NativeText));
        action->setToolTip(tip);
        tips_[row.id] = tip;
        actions_[row.id] = action;
    }
}

QAction* Actions::action(const QString& id) const {
    Q_ASSERT(actions_.contains(id));
    return actions_.value(id);
}

void Actions::on(const QString& id, std::function<void()> f) {
    connect(action(id), &QAction::triggered, this, [f = std::move(f)] { f(); });
}

void Actions::setEnabled(const QString& id, bool enabled, const QString& reason) {
    action(id)->setEnabled(enabled);
    action(id)->setToolTip(enabled || reason.isEmpty() ? tips_[id] : tips_[id] + "\n" + reason);
}

void Actions::attach(const char* context, QWidget* widget) {
    for (const ActionRow& row : rows)
        if (QLatin1String(row.context) == QLatin1String(context)) widget->addAction(action(row.id));
}

bool Actions::trigger(const QString& id) {
    if (!action(id)->isEnabled()) return false;
    action(id)->trigger();
    return true;
}

}  // namespace fovea::ui
