# `cmake --install BUILD [--component host|controller|tools|client]`, and the Debian packages of CPack (scripts/package), one a
# component. Nothing is started and no alternative is turned by installing: the operator does that, with systemctl
# and `network-ctl host takeover enable`.
set(units lib/systemd/system)
set(settings ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default)
set(rotation /etc/logrotate.d) # logrotate looks nowhere else

# A unit or program from FILE.in, with the folders that things are installed to.
function(ringfence_install_filled component kind file destination)
    configure_file(${PROJECT_SOURCE_DIR}/${file}.in ${PROJECT_BINARY_DIR}/${file} @ONLY)
    install(${kind} ${PROJECT_BINARY_DIR}/${file} DESTINATION ${destination} COMPONENT ${component})
endfunction()

ringfence_install_filled(host FILES dataplane/systemd/ringfence-vswitchd.service ${units})
install(FILES dataplane/systemd/default DESTINATION ${settings} RENAME ringfence-vswitchd COMPONENT host)
install(FILES dataplane/systemd/logrotate DESTINATION ${rotation} RENAME ringfence-vswitchd COMPONENT host)
install(FILES dataplane/TWO_HOSTS.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME host.md COMPONENT host)
install(FILES dataplane/agent/SETTINGS.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME host-settings.md COMPONENT host)

ringfence_install_filled(controller FILES controller/systemd/ringfence-controller.service ${units})
ringfence_install_filled(controller FILES ovsdb/systemd/ringfence-ovsdb@.service ${units})
ringfence_install_filled(controller PROGRAMS ovsdb/systemd/ringfence-ovsdb ${CMAKE_INSTALL_LIBEXECDIR}/ringfence)
install(FILES ovsdb/schemas/ringfence-northbound.ovsschema ovsdb/schemas/ringfence-southbound.ovsschema
    DESTINATION ${CMAKE_INSTALL_DATADIR}/ringfence COMPONENT controller)
install(FILES ovsdb/schemas/ringfence-northbound.md ovsdb/schemas/ringfence-southbound.md
    DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT controller)
install(FILES controller/systemd/default DESTINATION ${settings} RENAME ringfence-controller COMPONENT controller)
install(FILES controller/systemd/logrotate DESTINATION ${rotation} RENAME ringfence-controller COMPONENT controller)
install(FILES controller/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME ringfence.conf COMPONENT controller)
install(FILES controller/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME controller.md COMPONENT controller)

install(FILES controller/network-ctl/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME network-ctl.md COMPONENT tools)
install(FILES controller/network-ctl/completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME network-ctl COMPONENT tools)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ringfence)
set(CPACK_PACKAGE_VENDOR Ringfence)
set(CPACK_PACKAGE_CONTACT "Ringfence <maintainers@ringfence.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Overlay network of a multi-tenant cloud")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL host controller tools client)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)

set(CPACK_DEBIAN_HOST_PACKAGE_NAME ringfence-host)
set(CPACK_COMPONENT_HOST_DESCRIPTION "Forwarder of a hypervisor host, in place of Open vSwitch's switch")
# DPDK loads its drivers as plugins, which shlibdeps does not see.
set(CPACK_DEBIAN_HOST_PACKAGE_DEPENDS "openvswitch-switch, logrotate, librte-meta-bus, librte-meta-mempool, librte-meta-net")
set(CPACK_DEBIAN_HOST_PACKAGE_RECOMMENDS ringfence-tools) # network-ctl host takeover
set(CPACK_DEBIAN_HOST_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/dataplane/systemd/conffiles
    ${PROJECT_SOURCE_DIR}/dataplane/systemd/postinst ${PROJECT_SOURCE_DIR}/dataplane/systemd/prerm)
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_NAME ringfence-controller)
set(CPACK_COMPONENT_CONTROLLER_DESCRIPTION "Controller and its databases")
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_DEPENDS "openvswitch-switch, openvswitch-common, logrotate, systemd")
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/controller/systemd/conffiles
    ${PROJECT_SOURCE_DIR}/controller/systemd/postinst ${PROJECT_SOURCE_DIR}/controller/systemd/prerm)
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME ringfence-tools)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "network-ctl, the command of provider and tenant administrators")
set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME libringfence-dev)
set(CPACK_COMPONENT_CLIENT_DESCRIPTION "C++ client library for the northbound database")
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_CLIENT_PACKAGE_DEPENDS "libfmt-dev, libexpected-dev, nlohmann-json3-dev, libspdlog-dev")
include(CPack)
