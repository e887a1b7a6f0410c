// The page as a whole: what a server serves, and the report in one file. Pure.
#pragma once

#include <optional>
#include <string>

#include "nlohmann/json.hpp"

#include "coordinator/page/page_model.h"

namespace lockstep::coordinator {

// ---- served ----
// Its panels are of now; the rest comes over the event stream.
std::string RenderLivePage(const PageModel& model);
std::string PageScript();  // app.js
std::string PageCss();     // app.css
// Of the served page.
inline constexpr char kPagePolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// What an event of the stream says. The series are those of the model's history, and the panels all
// of them.
nlohmann::json PageEvent(const PageModel& model);

// ---- the report ----
// One file that needs no other. Its own content security policy lets nothing run but what is in it.
std::string RenderReport(const PageModel& model, const std::optional<PageBaseline>& baseline);

}  // namespace lockstep::coordinator
