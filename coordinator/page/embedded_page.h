// The files of the page, which are part of the program: embedded by CMake.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

absl::string_view PageTemplate();  // web/index.html
absl::string_view PageStyle();     // web/style.css
absl::string_view UplotStyle();    // vendor/uplot.css
absl::string_view UplotScript();   // vendor/uplot.js
// In this order they are one script.
absl::string_view ScriptFormat();   // web/format.js
absl::string_view ScriptTables();   // web/tables.js
absl::string_view ScriptTheme();    // web/theme.js
absl::string_view ScriptSeries();   // web/series.js
absl::string_view ScriptPlots();    // web/plots.js
absl::string_view ScriptHeat();     // web/heat.js
absl::string_view ScriptLanes();    // web/lanes.js
absl::string_view ScriptCharts();   // web/charts.js
absl::string_view ScriptControl();  // web/control.js
absl::string_view ScriptLive();     // web/live.js
absl::string_view ScriptMain();     // web/main.js

}  // namespace lockstep::coordinator
