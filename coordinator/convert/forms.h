// Forms as bodies of requests. Internal to coordinator/convert.
#pragma once

#include <string>
#include <vector>

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// Makes the fields the request's body, as a URL-encoded form. Their text is not encoded yet.
void SetForm(std::vector<RecordedBody::Field> fields, RecordedRequest* request);
// Makes `text`, which is such a form already, the body: as fields that people can change where the
// client encodes them just so, else as it is.
void SetEncodedForm(const std::string& text, RecordedRequest* request);
// Makes the fields the request's body, as a multipart form. Returns what differs then from what the
// fields say.
[[nodiscard]] std::vector<std::string> SetMultipart(std::vector<RecordedBody::Field> fields,
                                                    RecordedRequest* request);

}  // namespace lockstep::coordinator
