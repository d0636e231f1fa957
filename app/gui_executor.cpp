#include "gui_executor.h"

namespace fovea::app {

void GuiExecutor::post(std::function<void()> f) { QMetaObject::invokeMethod(this, std::move(f), Qt::QueuedConnection); }

}  // namespace fovea::app
