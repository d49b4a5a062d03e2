"""Pictures of people: photos are made square and small in a process of their own, and initials are drawn where there is
no photo.
"""
