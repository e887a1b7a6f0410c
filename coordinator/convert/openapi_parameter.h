// Values of an API's parameters as requests have them, by the rules of OpenAPI's `style` and
// `explode` and of Swagger's `collectionFormat`. Internal to coordinator/convert.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {

// `parameter` describes it, `value` is what it is to be; lists and objects are written as it says.
std::string PathText(const Json& parameter, const Json& value);
// "name=a&name=b"; "" for an object without members.
std::string QueryText(const Json& parameter, const Json& value);
std::string HeaderText(const Json& parameter, const Json& value);
// "name=a,b".
std::string CookieText(const Json& parameter, const Json& value);
// The fields that a form has of it, not encoded yet.
std::vector<std::pair<std::string, std::string>> FormFields(const Json& parameter,
                                                            const std::string& name,
                                                            const Json& value);

}  // namespace lockstep::coordinator
